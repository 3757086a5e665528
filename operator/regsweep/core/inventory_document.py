"""The lines of a saved inventory as documents, and back to values. The format is docs/inventory.schema.json.

A line is one JSON object, and its first key says what it is: `version` the header, `repository` a repository, `unread`
one that could not be read, `end` the last line. What `judge` looks at survives, to the microsecond.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from regsweep.core.inventory import Finding, InUse, Repository, Tag
from regsweep.core.oci import Descriptor, Digest, Kind, Manifest, parse_time

INVENTORY_VERSION: Literal[1] = 1

_LARGEST_SIZE = 2**63 - 1


def _moment(value: object) -> datetime:
    found = parse_time(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("is not a time of RFC 3339 with a zone")
    return found


Sha256 = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$")]
Size = Annotated[int, Field(strict=True, ge=0, le=_LARGEST_SIZE)]
Time = Annotated[datetime, BeforeValidator(_moment)]
RepositoryName = Annotated[str, Field(min_length=1, max_length=1024)]
TagName = Annotated[str, Field(min_length=1, max_length=1024)]


class _Part(BaseModel):
    """A part of a line. Read by the million: it does nothing that a plain model does not."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)


class DescriptorPart(_Part):
    """Points at content."""

    media_type: str
    digest: Sha256
    size: Size


class ManifestPart(_Part):
    """One manifest or index."""

    digest: Sha256
    media_type: str
    kind: Kind
    size: Size
    """The length of its own bytes."""
    config: DescriptorPart | None = None
    blobs: tuple[DescriptorPart, ...] = ()
    """Config, layers, and what an index lists that is no manifest."""
    children: tuple[DescriptorPart, ...] = ()
    """The manifests that an index lists."""
    attestations: tuple[Sha256, ...] = ()
    """Those of the children that are attestations."""
    subject: Sha256 | None = None
    artifact_type: str = ""
    created: str | None = None
    """What its annotation says, as it stands there."""


class TagPart(_Part):
    """A tag. Without a digest, it is listed and has no manifest."""

    name: TagName
    digest: Sha256 | None = None
    pushed: Time | None = None
    """Its last push, where the storage was read."""


class FindingPart(_Part):
    """Something that is broken there."""

    code: str
    reference: str
    message: str


class RepositoryLine(_Part):
    """One repository, read whole."""

    repository: RepositoryName
    tags: tuple[TagPart, ...]
    manifests: tuple[ManifestPart, ...]
    created: dict[Sha256, Time] = Field(default_factory=dict)
    """When an image was made, as its config or annotation says: unjudged."""
    absent: tuple[Sha256, ...] = ()
    """What the registry was asked for and does not have."""
    pushed: dict[Sha256, Time] = Field(default_factory=dict)
    """Last pushes of manifests, tagged or not, where the storage was read."""
    seen: dict[Sha256, Time] = Field(default_factory=dict)
    """Since when an image is known to be there, where nothing better is known about its age."""
    findings: tuple[FindingPart, ...] = ()
    doubt: str = ""
    """Who uses an image that cannot be told, and could be any of this repository."""


class UnreadLine(_Part):
    """A repository that could not be read whole. Nothing is known about it."""

    unread: RepositoryName
    reason: str


class UsedTagPart(_Part):
    """A tag that a workload uses, and who."""

    repository: RepositoryName
    tag: TagName
    user: str


class InUsePart(_Part):
    """What workloads used when the registry was read."""

    asked: bool
    """Whether anybody was asked. Where not, nothing is known about use."""
    tags: tuple[UsedTagPart, ...] = ()
    digests: dict[Sha256, str] = Field(default_factory=dict)
    """Who uses a manifest, or an image by the digest of its config."""


class PolicyPart(_Part):
    """The policy that was in force."""

    name: str
    spec: dict[str, Any]
    """As in YAML."""


class HeaderLine(_Part):
    """The first line."""

    version: Literal[1]
    registry: str
    """`spec.registry.url` of the policy."""
    read_at: str
    """The address at which it was read: another one behind a port-forward."""
    inventory: str
    """How it was read: API or Storage."""
    taken_at: Time
    """Ages are counted up to here."""
    whole: bool
    """Whether every repository of the registry was to be read."""
    policy: PolicyPart
    in_use: InUsePart


class EndPart(_Part):
    """Counts of the lines before, and their digest: a file that was cut or changed is refused."""

    repositories: Size
    unread: Size
    tags: Size
    manifests: Size
    digest: Sha256
    """SHA-256 over all lines before this one, line feeds included."""


class EndLine(_Part):
    """The last line."""

    end: EndPart


def repository_document(repository: Repository, doubt: str) -> dict[str, Any]:
    """In an order of its own: the order of listing leaves no trace."""
    findings = sorted(repository.findings, key=lambda it: (it.code, it.reference, it.message))
    document = {
        "repository": repository.name,
        "tags": [_tag(tag) for tag in sorted(repository.tags, key=lambda tag: tag.name)],
        "manifests": [_manifest(repository.manifests[digest]) for digest in sorted(repository.manifests)],
        "created": _times(repository.created),
        "absent": sorted(repository.absent),
        "pushed": _times(repository.pushed),
        "seen": _times(repository.seen),
        "findings": [{"code": it.code, "reference": it.reference, "message": it.message} for it in findings],
        "doubt": doubt,
    }
    return {key: value for key, value in document.items() if value or key in {"repository", "tags", "manifests"}}


def repository_of(line: RepositoryLine) -> Repository:
    return Repository(
        line.repository,
        tuple(Tag(tag.name, _digest(tag.digest), tag.pushed) for tag in line.tags),
        {Digest(part.digest): _manifest_of(part) for part in line.manifests},
        created=_moments(line.created),
        absent=frozenset(map(Digest, line.absent)),
        pushed=_moments(line.pushed),
        seen=_moments(line.seen),
        findings=tuple(Finding(it.code, line.repository, it.reference, it.message) for it in line.findings),
    )


def in_use_document(in_use: InUse | None) -> dict[str, Any]:
    """None: nobody was asked."""
    if in_use is None:
        return {"asked": False}
    return {
        "asked": True,
        "tags": [{"repository": name, "tag": tag, "user": user} for (name, tag), user in sorted(in_use.tags.items())],
        "digests": dict(sorted(in_use.digests.items())),
    }


def in_use_of(part: InUsePart, doubt: Callable[[str], str]) -> InUse | None:
    """`doubt` as the lines of the repositories say."""
    if not part.asked:
        return None
    return InUse(
        {(used.repository, used.tag): used.user for used in part.tags},
        {Digest(digest): user for digest, user in part.digests.items()},
        doubt,
    )


def time_text(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _tag(tag: Tag) -> dict[str, Any]:
    document: dict[str, Any] = {"name": tag.name}
    if tag.digest is not None:
        document["digest"] = tag.digest
    if tag.pushed is not None:
        document["pushed"] = time_text(tag.pushed)
    return document


def _manifest(manifest: Manifest) -> dict[str, Any]:
    document: dict[str, Any] = {
        "digest": manifest.digest,
        "mediaType": manifest.media_type,
        "kind": manifest.kind.value,
        "size": manifest.size,
        "config": _descriptor(manifest.config) if manifest.config is not None else None,
        "blobs": [_descriptor(blob) for blob in manifest.blobs],
        "children": [_descriptor(child) for child in manifest.children],
        "attestations": sorted(manifest.attestations),
        "subject": manifest.subject,
        "artifactType": manifest.artifact_type or None,
        "created": manifest.created,
    }
    return {key: value for key, value in document.items() if value is not None and value != []}


def _descriptor(descriptor: Descriptor) -> dict[str, Any]:
    return {"mediaType": descriptor.media_type, "digest": descriptor.digest, "size": descriptor.size}


def _times(times: Mapping[Digest, datetime]) -> dict[str, str]:
    return {digest: time_text(times[digest]) for digest in sorted(times)}


def _moments(times: Mapping[str, datetime]) -> dict[Digest, datetime]:
    return {Digest(digest): moment for digest, moment in times.items()}


def _manifest_of(part: ManifestPart) -> Manifest:
    return Manifest(
        Digest(part.digest), part.media_type, part.kind, part.size,
        config=_descriptor_of(part.config) if part.config is not None else None,
        blobs=tuple(map(_descriptor_of, part.blobs)),
        children=tuple(map(_descriptor_of, part.children)),
        attestations=frozenset(map(Digest, part.attestations)),
        subject=_digest(part.subject),
        artifact_type=part.artifact_type,
        created=part.created,
    )  # fmt: skip


def _descriptor_of(part: DescriptorPart) -> Descriptor:
    return Descriptor(part.media_type, Digest(part.digest), part.size)


def _digest(text: str | None) -> Digest | None:
    return None if text is None else Digest(text)
