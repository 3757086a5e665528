"""What Distribution 2.8.2 and 3.1.2 really say when they fail, and what a person is told."""

from __future__ import annotations

import pytest

from regsweep.core.diagnosis import Scene, Sought, Trace, diagnose, trace

HEX = "a" * 64
A = f"sha256:{HEX}"
STORE = "/var/lib/registry/docker/registry/v2"
MARK = "failed to garbage collect: failed to mark: filesystem: "
MANIFEST = f"{MARK}filesystem: failed to retrieve manifest for digest {A}: "
LINK = f"team/app/_manifests/revisions/sha256/{HEX}/link"
TAG = "team/app/_manifests/tags/v1/current/link"
FAILURES = [
    (MARK + "filesystem: invalid checksum digest format", 1, "a link in the store holds no digest"),
    (MANIFEST + "unrecognized manifest schema version 1", 1, f"{A} is a schema 1 manifest, which Distribution 3"),
    (MANIFEST + "invalid character '\\n' in string literal", 1, f"the manifest {A} is damaged: its file {STORE}/blobs"),
    (MARK + "Path not found: /docker/registry/v2/repositories", 1, f"there is no directory {STORE}/repositories"),
    (
        MARK + "Path not found: /docker/registry/v2/repositories/c/_layers",
        1,
        f"create the empty directory {STORE}/repositories/c/_layers",
    ),
    (
        MARK + "failed to parse repo name Upper: invalid reference format",
        1,
        f"the directory {STORE}/repositories/Upper",
    ),
    ("Error: unknown flag: --frob\nUsage:\n  registry garbage-collect <config> [flags]", 0, "does not know an option"),
    ("configuration error: open /nope.yml: no such file or directory\nUsage:", 1, "open /nope.yml"),
    ("", 0, "without its summary line"),
    ("", 137, "out of memory"),
    ("something new", 1, 'exit code 1. It said: "something new"'),
]


@pytest.mark.parametrize(("stderr", "code", "words"), FAILURES, ids=[words for _, _, words in FAILURES])
def test_a_failure_names_the_fix(stderr, code, words):
    assert words in diagnose(stderr, code, Scene("/var/lib/registry"))


@pytest.mark.parametrize(
    ("stderr", "files", "words"),
    [
        pytest.param(
            MARK + "invalid checksum digest format",
            (LINK,),
            f"It is in repository team/app: {STORE}/repositories/{LINK}.",
            id="link",
        ),
        pytest.param(
            MANIFEST + "unexpected end of JSON input",
            (LINK, TAG),
            "It is held by repository team/app, tag team/app:v1.",
            id="manifest",
        ),
        pytest.param(
            MARK + "invalid checksum digest format",
            tuple(f"r{n}/_layers/sha256/{HEX}/link" for n in range(7)),
            "and 2 more",
            id="many",
        ),
    ],
)
def test_what_was_found_in_the_store_is_named(stderr, files, words):
    assert words in diagnose(stderr, 1, Scene("/var/lib/registry", files))


def test_where_nothing_was_found_the_way_to_find_it_is_told():
    said = diagnose(MARK + "invalid checksum digest format", 1, Scene(repository="team/app"))
    assert "It stopped in repository team/app." in said
    assert "`find <storage root>/docker/registry/v2/repositories -name link ! -size 71c`" in said


@pytest.mark.parametrize(
    ("stderr", "sought"),
    [
        (MARK + "invalid checksum digest format", Trace(Sought.LINKS)),
        (MANIFEST + "unrecognized manifest schema version 1", Trace(Sought.MANIFEST, HEX)),
        (MANIFEST + "unexpected end of JSON input", Trace(Sought.MANIFEST, HEX)),
        (MARK + "Path not found: /docker/registry/v2/repositories", None),
        ("something new", None),
    ],
)
def test_what_to_look_for(stderr, sought):
    assert trace(stderr) == sought
