"""One verdict a tag and a manifest: kept or expired, with its stable reason code (S13). The codes are documented in docs/reasons.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from regsweep.core.inventory import Finding
from regsweep.core.oci import Digest

KEPT_LATEST = "kept.latest"
KEPT_YOUNGER_THAN = "kept.younger-than"
KEPT_NO_RULE = "kept.no-rule"
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
EXPIRED_UNTAGGED = "expired.untagged"
EXPIRED_CHILD = "expired.child"
EXPIRED_REFERRER = "expired.referrer"


def expired_by(rule: str) -> str:
    return f"expired.{rule}"


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
    """The verdicts of one repository: by tag name, and by digest for every manifest in the inventory."""

    repository: str
    tags: Mapping[str, Verdict]
    manifests: Mapping[Digest, Verdict]
    findings: tuple[Finding, ...] = field(default=())
