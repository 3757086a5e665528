"""Signatures, SBOMs and whatever else belongs to an image: they live and go with their subject, and are no versions."""

from __future__ import annotations

from collections.abc import Iterator

from regsweep.demo.accessories import cosign, referrer, referrers_index, subject_tag
from regsweep.demo.documents import Artifact, Document
from regsweep.demo.images import index
from tests.registry.traps.trap import Trap, plain, rule, several

BUNDLE = "application/vnd.dev.sigstore.bundle.v0.3+json"
SPDX = "application/spdx+json"


def traps() -> Iterator[Trap]:
    yield _cosign()
    yield _by_subject()
    yield _tagged_referrer()
    yield _with_a_prefix()
    yield _of_a_child()
    yield _of_a_referrer()
    yield _take_no_place()
    yield _orphans()
    yield _orphans_without_a_rule()
    yield _of_an_untagged_image()


def _signed(subject: Document, repository: str, *suffixes: str) -> tuple[Artifact, ...]:
    return tuple(cosign(subject, suffix=suffix).at(repository, subject_tag(subject, suffix)) for suffix in suffixes)


def _cosign() -> Trap:
    name, kept, gone = "cosign", plain("cosign/kept"), several("cosign/gone")
    suffixes = (".sig", ".att", ".sbom")
    return Trap(
        name,
        "signatures are tags beside the image: old, never pulled, and selected by every `*`",
        kept=(kept.at(name, "1.0"), *_signed(kept, name, *suffixes)),
        gone=(gone.at(name, "pr-1"), *_signed(gone, name, *suffixes)),
        rules=(
            {
                "name": name,
                "repositories": {"include": [name]},
                "tags": {"include": ["*"], "exclude": ["1.0"]},
                "keep": {"youngerThan": "14d"},
            },
        ),
    )


def _by_subject() -> Trap:
    name, kept, gone = "by-subject", plain("by-subject/kept"), plain("by-subject/gone")

    def refer(subject: Document) -> Artifact:
        kinds = {kind: referrer(subject, kind) for kind in (BUNDLE, SPDX)}
        return referrers_index(kinds).at(name, subject_tag(subject))

    return Trap(
        name,
        "referrers have no tag; only the index under the fallback tag lists them, and the collector knows no subject",
        kept=(kept.at(name, "1.0"), refer(kept)),
        gone=(gone.at(name, "pr-1"), refer(gone)),
    )


def _tagged_referrer() -> Trap:
    name, kept, gone = "tagged-referrer", plain("tagged-referrer/kept"), plain("tagged-referrer/gone")
    return Trap(
        name,
        "a referrer has an old tag of its own; its subject stays",
        kept=(kept.at(name, "1.0"), referrer(kept, SPDX, created="2024-01-15T12:00:00Z").at(name, "pr-sbom-of-1.0")),
        gone=(gone.at(name, "pr-1"), referrer(gone, SPDX, created="2024-01-15T12:00:00Z").at(name, "pr-sbom-of-pr-1")),
    )


def _with_a_prefix() -> Trap:
    name, kept, gone = "with-a-prefix", plain("with-a-prefix/kept"), plain("with-a-prefix/gone")

    def sign(subject: Document) -> Artifact:
        return cosign(subject).at(name, f"release-{subject_tag(subject, '.sig')}")

    return Trap(
        name,
        "cosign may be told to put a prefix before its tags",
        kept=(kept.at(name, "1.0"), sign(kept)),
        gone=(gone.at(name, "pr-1"), sign(gone)),
    )


def _of_a_child() -> Trap:
    name, kept, gone = "of-a-child", several("of-a-child/kept"), several("of-a-child/gone")
    return Trap(
        name,
        "cosign --recursive signs each platform: the subject is an untagged child",
        kept=(kept.at(name, "1.0"), *(part for child in kept.children for part in _signed(child, name, ".sig"))),
        gone=(gone.at(name, "pr-1"), *(part for child in gone.children for part in _signed(child, name, ".sig"))),
    )


def _of_a_referrer() -> Trap:
    name = "of-a-referrer"

    def all_of(subject: Document) -> tuple[Artifact, ...]:
        sbom = referrer(subject, SPDX)
        signature = referrer(sbom, BUNDLE)
        return (
            referrers_index({SPDX: sbom}).at(name, subject_tag(subject)),
            referrers_index({BUNDLE: signature}).at(name, subject_tag(sbom)),
            *_signed(sbom, name, ".sig"),
        )

    kept, gone = plain(f"{name}/kept"), plain(f"{name}/gone")
    return Trap(
        name,
        "the SBOM is signed, too: a referrer of a referrer",
        kept=(kept.at(name, "1.0"), *all_of(kept)),
        gone=(gone.at(name, "pr-1"), *all_of(gone)),
    )


def _take_no_place() -> Trap:
    name = "signatures-take-no-place"
    first, second = plain(f"{name}/1", "2024-02-01T00:00:00Z"), plain(f"{name}/2", "2024-02-02T00:00:00Z")
    note = referrer(second, SPDX, created="2024-05-05T00:00:00Z")
    return Trap(
        name,
        "keep.latest: 1 counts a signature as the newest version, and the image behind it goes",
        kept=(second.at(name, "v2"), *_signed(second, name, ".sig", ".att"), note.at(name, "v2-sbom")),
        gone=(first.at(name, "v1"), *_signed(first, name, ".sig", ".att")),
        rules=(rule(name, latest=1, orderBy="CreatedTime"),),
    )


def _orphans() -> Trap:
    name, never = "orphans", index((plain("orphans/never-pushed"),))
    return Trap(
        name,
        "the subject of a signature is gone: nothing takes the signature along any more, and it counts as no version",
        kept=(plain("orphans/9").at(name, "v9"), plain("orphans/image").at(name, "v8")),
        gone=(*_signed(never, name, ".sig", ".att"), plain("orphans/gone").at(name, "v7")),
        rules=(rule(name, latest=2, orderBy="Numeric"),),
    )


def _orphans_without_a_rule() -> Trap:
    name, never = "orphans-without-a-rule", index((plain("orphans-without-a-rule/never-pushed"),))
    return Trap(
        name,
        "the subject of a signature is gone, and no rule speaks of the signature",
        kept=_signed(never, name, ".sig"),
        gone=(plain("orphans-without-a-rule/gone").at(name, "pr-1"),),
    )


def _of_an_untagged_image() -> Trap:
    name, untagged = "of-an-untagged-image", plain("of-an-untagged-image/subject")
    return Trap(
        name,
        "the subject of a signature is there without a tag: no list names it, and the signature is no orphan",
        kept=(plain("of-an-untagged-image/9").at(name, "v9"),),
        gone=(plain("of-an-untagged-image/7").at(name, "v7"),),
        left=(untagged.at(name), *_signed(untagged, name, ".sig")),
        rules=(rule(name, latest=1, orderBy="Numeric"),),
    )
