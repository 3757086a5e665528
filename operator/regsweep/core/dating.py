"""Whose age has to be found out, and where it stands: in an annotation, a config blob, or what regsweep noted. Pure.

Both inventories read by it: what differs is how a blob is fetched.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime

from regsweep.api.policy import OrderBy, PolicySpec, Rule
from regsweep.core.ages import IMAGE_CONFIGS, Ages
from regsweep.core.inventory import Repository
from regsweep.core.oci import Digest, Kind, Manifest, accessory_subject, parse_time
from regsweep.core.selection import dated_tags, selection


@dataclass(frozen=True, slots=True)
class Memory:
    """When this scan looks, and who remembers since when images are in a repository: `ports.FirstSeen.first_seen` of
    this registry, by the repository's name."""

    now: datetime
    first_seen: Callable[[str, AbstractSet[Digest], AbstractSet[Digest], datetime], Mapping[Digest, datetime]]


@dataclass(frozen=True, slots=True)
class Dates:
    """`said` is what annotations state, `asking` the config blob of each image that has to be read for its date."""

    said: Mapping[Digest, datetime]
    asking: Mapping[Digest, Digest]

    def with_configs(self, texts: Mapping[Digest, str | None]) -> dict[Digest, datetime]:
        """All dates, once `texts` holds what the config blobs say. Unjudged."""
        read = {digest: parse_time(texts.get(config)) for digest, config in self.asking.items()}
        return {**self.said, **{digest: time for digest, time in read.items() if time}}


def tags_by_created(found: Repository, spec: PolicySpec) -> frozenset[str]:
    """The tags whose created time can change what becomes of them, although last pushes are known."""
    chosen = selection(spec, found.name)
    by_created = {rule.name for rule in chosen.rules if _orders_by_created(rule)}
    pushed = {tag.name: tag.pushed for tag in found.tags}
    return frozenset(
        name
        for name in dated_tags(found.name, tuple(pushed), spec)
        if pushed[name] is None or ((rule := chosen.rule_of(name)) is not None and rule.name in by_created)
    )


def aging(roots: Mapping[str, Digest], absent: Collection[Digest]) -> dict[str, Digest]:
    """The tags among `roots` that have an age of their own. An accessory has one only as an orphan."""
    subjects = {tag: accessory_subject(tag) for tag in roots}
    return {tag: digest for tag, digest in roots.items() if subjects[tag] in (None, digest) or subjects[tag] in absent}


def dates_of(roots: Iterable[Digest], manifests: Mapping[Digest, Manifest]) -> Dates:
    """What says how old these roots are and, under an index, their platforms."""
    images = {image.digest: image for root in roots for image in _images(root, manifests)}
    said = {digest: time for digest, image in images.items() if (time := parse_time(image.created))}
    asking = {
        digest: image.config.digest
        for digest, image in images.items()
        if digest not in said and image.config and image.config.media_type in IMAGE_CONFIGS
    }
    return Dates(said, asking)


def noted(found: Repository, tags: Collection[str], memory: Memory | None) -> Mapping[Digest, datetime]:
    """Since when those images of `tags` are known which say nothing about their age that could be believed."""
    if memory is None:
        return {}
    ages = Ages(found, memory.now)
    wanted = {tag.digest for tag in found.tags if tag.name in tags and tag.digest and ages.pushed(tag) is None}
    return memory.first_seen(found.name, wanted, found.manifests.keys(), memory.now)


def _images(root: Digest, manifests: Mapping[Digest, Manifest]) -> Iterator[Manifest]:
    """The manifest itself and, under an index, the platforms at any depth: an attestation has no age of its own."""
    seen: set[Digest] = set()
    open_ends = [root]
    while open_ends:
        digest = open_ends.pop()
        manifest = manifests.get(digest)
        if digest in seen or manifest is None:
            continue
        seen.add(digest)
        yield manifest
        if manifest.kind is Kind.INDEX:
            open_ends += [child.digest for child in manifest.children if child.digest not in manifest.attestations]


def _orders_by_created(rule: Rule) -> bool:
    return rule.keep.latest is not None and rule.keep.order_by is OrderBy.CREATED_TIME
