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
ACCESSORY = re.compile(r".*sha256-([0-9a-f]{64})(\.(sig|att|sbom))?")


@dataclass
class Room:
    """One repository on disk. `tags` names that point nowhere have None. `seen` is when regsweep noticed a manifest."""

    revisions: set[str] = field(default_factory=set)
    tags: dict[str, str | None] = field(default_factory=dict)
    tag_pushed: dict[str, datetime] = field(default_factory=dict)
    pushed: dict[str, datetime] = field(default_factory=dict)
    seen: dict[str, datetime] = field(default_factory=dict)

    def subject_of(self, tag: str) -> str | None:
        """The digest in an accessory's name. A tag that names its own digest is a tag like any other."""
        found = ACCESSORY.fullmatch(tag)
        subject = f"sha256:{found[1]}" if found else None
        return None if subject == self.tags[tag] else subject

    def follows(self, tag: str) -> bool:
        """The tag belongs to a manifest that is there, whether or not anybody tagged it."""
        return self.subject_of(tag) in self.revisions


@dataclass
class World:
    """The whole registry. `texts` are created dates as configs write them, `dates` what they mean (None: nothing); of a
    manifest too, where an annotation of it says something. `read` and `parsed` only spare work.
    """

    rooms: dict[str, Room] = field(default_factory=dict)
    documents: dict[str, bytes] = field(default_factory=dict)
    blobs: dict[str, int] = field(default_factory=dict)
    texts: dict[str, str | None] = field(default_factory=dict)
    dates: dict[str, datetime | None] = field(default_factory=dict)
    read: dict[str, dict[str, Any]] = field(default_factory=dict, compare=False)
    parsed: dict[str, Any] = field(default_factory=dict, compare=False)

    def copy(self) -> World:
        rooms = {
            name: Room(set(room.revisions), dict(room.tags), dict(room.tag_pushed), dict(room.pushed), dict(room.seen))
            for name, room in self.rooms.items()
        }
        return World(rooms, self.documents, dict(self.blobs), self.texts, self.dates, self.read, self.parsed)

    def document(self, digest: str) -> dict[str, Any]:
        """What the manifest says; read once, and not to be changed."""
        if digest not in self.read:
            self.read[digest] = json.loads(self.documents[digest])
        return self.read[digest]

    def is_index(self, digest: str) -> bool:
        return "manifests" in self.document(digest)

    def beginning(self, digest: str, otherwise: datetime) -> datetime:
        """The newest date that the manifest, its config or anything below it states; `otherwise` where nothing does."""
        found, open_ends, done = [otherwise], [digest], set()
        while open_ends:
            at = open_ends.pop()
            if at in done or at not in self.documents:
                continue
            done.add(at)
            config = self.document(at).get("config", {}).get("digest")
            found += [moment for moment in (self.dates.get(at), self.dates.get(config)) if moment is not None]
            open_ends += self.children(at)
        return max(found)

    def children(self, digest: str) -> list[str]:
        entries = self.document(digest).get("manifests", [])
        return [entry["digest"] for entry in entries if entry["mediaType"].endswith(MANIFESTS)]

    def subject(self, digest: str) -> str | None:
        return (self.document(digest).get("subject") or {}).get("digest")

    def parts(self, digest: str) -> set[str]:
        """Every digest that the collector marks for this manifest, itself included."""
        found = re.findall(r'"(sha256:[0-9a-f]{64})"', json.dumps({**self.document(digest), "subject": None}))
        return {digest, *found}

    def referrers(self, name: str, subject: str) -> set[str]:
        room = self.rooms[name]
        by_field = {digest for digest in room.revisions if self.subject(digest) == subject}
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
