"""Names: of repositories that lie in one another, at the end of a page, and of tags that look like something else."""

from __future__ import annotations

from collections.abc import Iterator

from tests.registry.traps.trap import OLD, Trap, plain, rule

PAGE = 25
"""`catalog.maxentries` of the registry that the traps are in: no client can ask for larger pages."""

LONGEST = 128
"""Characters of a tag. Source: OCI distribution specification."""


def traps() -> Iterator[Trap]:
    yield _end_of_a_page()
    yield _behind_the_page()
    yield _nested_repositories()
    yield _words_of_the_api()
    yield _odd_tags()
    yield _whole_names()
    yield _protected_repository()
    yield _protected_tag()
    yield _no_rule()


def _end_of_a_page() -> Trap:
    """`0/...` come first, so that `1/0x` is the last name of the first page, and `1` the first of the second."""
    image = plain("end-of-a-page")
    fillers = tuple(image.at(f"0/r{number:03}", "1.0") for number in range(PAGE - 1))
    return Trap(
        "end-of-a-page",
        "the catalog ends, or hangs up, where a page ends with the child of a repository: what follows is never seen",
        kept=(*fillers, image.at("1/0x", "1.0"), image.at("1", "1.0")),
        gone=(plain("end-of-a-page/0x").at("1/0x", "pr-1"), plain("end-of-a-page/1").at("1", "pr-1")),
    )


def _behind_the_page() -> Trap:
    return Trap(
        "2/behind-the-page",
        "it is on the second page of the catalog",
        kept=(plain("behind-the-page/kept").at("2/behind-the-page", "1.0"),),
        gone=(plain("behind-the-page/gone").at("2/behind-the-page", "pr-1"),),
    )


def _nested_repositories() -> Trap:
    name = "lies"
    inside = f"{name}/inside"
    return Trap(
        name,
        "a repository lies inside another: what is selected in the outer one is not meant in the inner one",
        kept=(
            plain(f"{name}/2", "2024-03-02T00:00:00Z").at(name, "2"),
            plain(f"{inside}/1", "2023-03-01T00:00:00Z").at(inside, "1"),
            plain(f"{inside}/2", "2023-03-02T00:00:00Z").at(inside, "2"),
        ),
        gone=(plain(f"{name}/1", "2024-03-01T00:00:00Z").at(name, "1"),),
        rules=(rule(name, latest=1, orderBy="CreatedTime"),),
    )


def _words_of_the_api() -> Trap:
    names = ("words/tags", "words/manifests", "words/blobs/uploads", "words/referrers", "v2")
    return Trap(
        "words",
        "repositories are called like parts of the API's own paths",
        kept=tuple(plain(f"{name}/kept").at(name, "1.0") for name in names),
        gone=tuple(plain(f"{name}/gone").at(name, "pr-1") for name in names),
    )


def _odd_tags() -> Trap:
    name = "odd-tags"
    kept = ("latest", "_layers", "_uploads", "index", "current", "link", "sha256", "sha256-abc", "UPPER", "_-a", "0")
    longest = "pr-" + "x" * (LONGEST - 3)
    return Trap(
        name,
        "tags are called like folders of the storage, or are as long as a tag may be",
        kept=tuple(plain(f"{name}/{tag}").at(name, tag) for tag in kept),
        gone=tuple(plain(f"{name}/{tag}").at(name, tag) for tag in (longest, "pr-.", "pr-_-..__", "pr-sha256-abc.sig")),
    )


def _whole_names() -> Trap:
    name = "whole-names"
    return Trap(
        name,
        "a pattern means the whole name: `pr-*` is neither `xpr-1` nor `pr`, and capitals count",
        kept=tuple(plain(f"{name}/{tag}").at(name, tag) for tag in ("xpr-1", "pr", "PR-1", "release-pr-1", "apr-2024")),
        gone=(plain(f"{name}/gone").at(name, "pr-1"),),
    )


def _protected_repository() -> Trap:
    name = "protected/base"
    return Trap(
        name,
        "a protected repository loses nothing, whatever rules say",
        kept=(plain(f"{name}/1").at(name, "pr-1"), plain(f"{name}/2").at(name, "pr-2")),
    )


def _protected_tag() -> Trap:
    name = "protected-tag"
    return Trap(
        name,
        "a protected tag stays with all that its manifest is called, and takes no other's place",
        kept=(
            plain(f"{name}/1", "2024-03-01T00:00:00Z").at(name, "stable", "build-1"),
            plain(f"{name}/3", "2024-03-03T00:00:00Z").at(name, "build-3"),
        ),
        gone=(plain(f"{name}/2", "2024-03-02T00:00:00Z").at(name, "build-2"),),
        rules=(rule(name, latest=1, orderBy="CreatedTime"),),
    )


def _no_rule() -> Trap:
    name = "no-rule"
    return Trap(
        name,
        "what no rule speaks of is not for deletion, however old it is",
        kept=(plain(f"{name}/1", OLD).at(name, "1.0"), plain(f"{name}/2", OLD).at(name, "2.0")),
    )
