"""One verdict a tag and a manifest: kept or expired, with its stable reason code (S13).

`REASONS` is the one list of codes; docs/reasons.md is held to it by a test.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

from regsweep.core.graph import Graph
from regsweep.core.inventory import Finding
from regsweep.core.oci import Digest

KEPT_LATEST = "kept.latest"
KEPT_YOUNGER_THAN = "kept.younger-than"
KEPT_NO_RULE = "kept.no-rule"
KEPT_NO_GROUP = "kept.no-group"
KEPT_NOT_A_VERSION = "kept.not-a-version"
KEPT_ORPHAN = "kept.orphan"
KEPT_UNTAGGED = "kept.untagged"
PROTECTED_TAG = "protected.tag"
PROTECTED_REPOSITORY = "protected.repository"
PROTECTED_IN_USE = "protected.in-use"
PROTECTED_SHARED_DIGEST = "protected.shared-digest"
PROTECTED_CHILD_OF = "protected.child-of"
PROTECTED_REFERRER_OF = "protected.referrer-of"
PROTECTED_UNKNOWN_AGE = "protected.unknown-age"
PROTECTED_MINIMUM_AGE = "protected.minimum-age"
PROTECTED_UNKNOWN_TYPE = "protected.unknown-type"
BROKEN_NO_MANIFEST = "broken.no-manifest"
BROKEN_MISSING_CHILD = "broken.missing-child"
EXPIRED_UNTAGGED = "expired.untagged"
EXPIRED_CHILD = "expired.child"
EXPIRED_REFERRER = "expired.referrer"
EXPIRED_BY_RULE = "expired.<rule>"

REASONS: Mapping[str, str] = {
    KEPT_LATEST: "Its image is among the `keep.latest` of the rule that selects it.",
    KEPT_YOUNGER_THAN: "It is younger than the rule's `keep.youngerThan`.",
    KEPT_NO_RULE: "No rule selects it.",
    KEPT_NO_GROUP: "The rule's `keep.per` does not match it, so that it belongs to no group that could be counted.",
    KEPT_NOT_A_VERSION: "The rule orders by SemVer, and the tag is not a version.",
    KEPT_ORPHAN: "It is an accessory (signature, SBOM) of a digest that was not found, and may exist without a tag.",
    KEPT_UNTAGGED: "No tag points at it, and the policy's `untagged` does not let it go.",
    PROTECTED_TAG: "`protect.tags` names it.",
    PROTECTED_REPOSITORY: "`protect.repositories` names its repository.",
    PROTECTED_IN_USE: "A workload uses it, or an image that it is part of or holds.",
    PROTECTED_SHARED_DIGEST: "Another tag on the same digest is kept; the registry deletes by digest.",
    PROTECTED_CHILD_OF: "A manifest that stays lists it.",
    PROTECTED_REFERRER_OF: "The manifest that it belongs to (its subject) stays.",
    PROTECTED_UNKNOWN_AGE: "Its age is not known, and the decision needs it.",
    PROTECTED_MINIMUM_AGE: "It is younger than `limits.minimumAge`.",
    PROTECTED_UNKNOWN_TYPE: "Its media type is not one that regsweep understands (Docker schema 1 among them).",
    BROKEN_NO_MANIFEST: "The tag is listed and has no manifest. Nothing can be deleted there; the tag is left alone.",
    BROKEN_MISSING_CHILD: "An index lists a manifest that the registry does not have. Only reported.",
    EXPIRED_BY_RULE: "The rule of that name selects it and keeps it by none of its criteria.",
    EXPIRED_UNTAGGED: "No tag points at it, nothing that stays needs it, and it is older than `untagged.olderThan`.",
    EXPIRED_CHILD: "Only manifests that go list it.",
    EXPIRED_REFERRER: "The manifest that it belongs to (its subject) goes.",
}


def expired_by(rule: str) -> str:
    return sys.intern(f"expired.{rule}")  # in every repository anew, and a plan remembers it of every manifest


def is_expired(reason: str) -> bool:
    """Whether a code says that it goes."""
    return reason.startswith("expired.")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`reason` is the code; `rule` the rule that selected the tag; `detail` one short phrase for a person.

    `because` names what decided where it is another object: a digest, a tag, a workload.
    """

    reason: str
    rule: str | None = None
    detail: str = ""
    because: str = ""

    @property
    def expired(self) -> bool:
        return self.reason.startswith("expired.")


@dataclass(frozen=True, slots=True)
class Judgement:
    """The verdicts of one repository: by tag name, and by digest for every manifest in the inventory. `graph` is what
    they were found on."""

    repository: str
    tags: Mapping[str, Verdict]
    manifests: Mapping[Digest, Verdict]
    findings: tuple[Finding, ...] = ()
    graph: Graph | None = field(default=None, compare=False, repr=False)
