"""A registry as Distribution behaves: revisions, tags, blobs, DELETE by digest, garbage collection without -m.

Reads documents as JSON by itself and shares no code with the engine: what it says of reachability is a second opinion.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

MANIFESTS = ("manifest.v1+json", "index.v1+json", "manifest.v2+json", "manifest.list.v2+json", "manifest.v1+prettyjws")


@dataclass
class Room:
    """One repository on disk. `tags` names that point nowhere have None."""

    revisions: set[str] = field(default_factory=set)
    tags: dict[str, str | None] = field(default_factory=dict)
    tag_pushed: dict[str, datetime] = field(default_factory=dict)
    pushed: dict[str, datetime] = field(default_factory=dict)


@dataclass
class World:
    """The whole registry. `texts` are created dates as configs write them, `dates` what they mean (None: nothing)."""

    rooms: dict[str, Room] = field(default_factory=dict)
    documents: dict[str, bytes] = field(default_factory=dict)
    blobs: dict[str, int] = field(default_factory=dict)
    texts: dict[str, str | None] = field(default_factory=dict)
    dates: dict[str, datetime | None] = field(default_factory=dict)

    def copy(self) -> World:
        rooms = {
            name: Room(set(room.revisions), dict(room.tags), dict(room.tag_pushed), dict(room.pushed))
            for name, room in self.rooms.items()
        }
        return World(rooms, self.documents, dict(self.blobs), self.texts, self.dates)

    def document(self, digest: str) -> dict[str, Any]:
        return json.loads(self.documents[digest])

    def is_index(self, digest: str) -> bool:
        return "manifests" in self.document(digest)

    def children(self, digest: str) -> list[str]:
        entries = self.document(digest).get("manifests", [])
        return [entry["digest"] for entry in entries if entry["mediaType"].endswith(MANIFESTS)]

    def parts(self, digest: str) -> set[str]:
        """Every digest that the collector marks for this manifest, itself included."""
        found = re.findall(r'"(sha256:[0-9a-f]{64})"', json.dumps({**self.document(digest), "subject": None}))
        return {digest, *found}

    def referrers(self, name: str, subject: str) -> set[str]:
        room = self.rooms[name]
        by_field = {
            digest for digest in room.revisions if (self.document(digest).get("subject") or {}).get("digest") == subject
        }
        by_tag = {digest for tag, digest in room.tags.items() if subject[7:] in tag and digest in room.revisions}
        return (by_field | by_tag) - {subject, None}

    def needs(self, name: str, root: str) -> set[str]:
        """All manifests that must stay for `root` to be whole, itself included, of those that are there."""
        room, seen, open_ends = self.rooms[name], set(), [root]
        while open_ends:
            digest = open_ends.pop()
            if digest in room.revisions and digest not in seen:
                seen.add(digest)
                open_ends += [*self.parts(digest), *self.referrers(name, digest)]
        return seen

    def delete(self, name: str, digest: str) -> None:
        room = self.rooms[name]
        assert digest in room.revisions, "404: the plan names a manifest that is not there"
        room.revisions.remove(digest)
        room.tags = {tag: target for tag, target in room.tags.items() if target != digest}

    def marks(self) -> set[str]:
        return {part for room in self.rooms.values() for digest in room.revisions for part in self.parts(digest)}

    def collect(self) -> int:
        """The bytes that come back."""
        unmarked = self.blobs.keys() - self.marks()
        return sum(self.blobs.pop(digest) for digest in unmarked)
