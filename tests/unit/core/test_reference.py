"""References in every form that people, Kubernetes and nodes write."""

from __future__ import annotations

import pytest

from regsweep.core.oci import Digest
from regsweep.core.reference import MalformedReference, Reference, parse_reference

HEX = "0123456789abcdef" * 4
DIGEST = Digest(f"sha256:{HEX}")


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("nginx", "docker.io/library/nginx:latest"),
        ("nginx:1.27", "docker.io/library/nginx:1.27"),
        ("library/nginx", "docker.io/library/nginx:latest"),
        ("docker.io/nginx", "docker.io/library/nginx:latest"),
        ("docker.io/library/nginx", "docker.io/library/nginx:latest"),
        ("index.docker.io/nginx", "docker.io/library/nginx:latest"),
        ("DOCKER.IO/nginx", "docker.io/library/nginx:latest"),
        ("grafana/grafana:11", "docker.io/grafana/grafana:11"),
        ("registry.example.com/app", "registry.example.com/app:latest"),
        ("registry.example.com/a/b/c:1", "registry.example.com/a/b/c:1"),
        ("Registry.Example.COM/app:V1", "registry.example.com/app:V1"),
        ("Registry/app", "REGISTRY/app:latest"),
        ("registry:5000/app", "registry:5000/app:latest"),
        ("registry:5000", "docker.io/library/registry:5000"),
        ("localhost/app:1", "localhost/app:1"),
        ("10.0.0.1:30500/team/app:1", "10.0.0.1:30500/team/app:1"),
        ("[::1]:5000/app:1", "[::1]:5000/app:1"),
        ("[FD00:0:0::0001]/app", "[fd00::1]/app:latest"),
        (f"registry:5000/app@{DIGEST}", f"registry:5000/app@{DIGEST}"),
        (f"registry:5000/app:1@{DIGEST}", f"registry:5000/app:1@{DIGEST}"),
        (f"app@sha256:{HEX.upper()}", f"docker.io/library/app@{DIGEST}"),
        ("r.io/a_b/c__d/e-f/g--h/i.j:1", "r.io/a_b/c__d/e-f/g--h/i.j:1"),
        (f"r.io/{'a' * 255}", f"r.io/{'a' * 255}:latest"),
        (f"r.io/a:{'t' * 128}", f"r.io/a:{'t' * 128}"),
        ("  r.io/a:1\n", "r.io/a:1"),
        ("'r.io/a:1'", "r.io/a:1"),
        (f"docker-pullable://r.io/a@{DIGEST}", f"r.io/a@{DIGEST}"),
        ("docker://r.io/a:1", "r.io/a:1"),
        ("oci://r.io/charts/a:1.0.0", "r.io/charts/a:1.0.0"),
        ("https://r.io/a:1", "r.io/a:1"),
        (f"docker://{DIGEST}", DIGEST),
        (DIGEST, DIGEST),
        (HEX, DIGEST),
    ],
)
def test_a_reference_has_one_spelling(text: str, spelled: str):
    assert str(parse_reference(text)) == spelled
    assert parse_reference(spelled) == parse_reference(text)


def test_the_parts_of_a_reference():
    whole = parse_reference(f"registry:5000/team/app:1@{DIGEST}")
    assert whole == Reference("registry:5000", "team/app", "1", DIGEST)
    assert parse_reference(DIGEST) == Reference("", "", None, DIGEST)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "no path"),
        ("   ", "no path"),
        ("r.io/", "no path"),
        ("r.io//a", "no path"),
        ("/a", "no path"),
        ("r.io/Team/App:1", "no capitals"),
        ("r.io/-a", "no path"),
        ("r.io/a..b", "no path"),
        ("r.io/a b", "no path"),
        (f"r.io/{'a' * 256}", "more than 255"),
        ("r.io/a:", "a tag"),
        ("r.io/a:-1", "a tag"),
        ("r.io/a:1:2", "a tag"),
        (f"r.io/a:{'t' * 129}", "a tag"),
        ("r.io/a@", "a digest"),
        ("r.io/a@sha256:abc", "a digest"),
        (f"r.io/a@sha512:{HEX}{HEX}", "a digest"),
        (f"r.io/a@{HEX}", "a digest"),
        (f"r.io/a@{DIGEST}@{DIGEST}", "a digest"),
        ("-r.io/a", "a host"),
        ("r_r.io/a", "a host"),
        ("r.io:x/a", "a host"),
        ("r.io./a", "a host"),
        ("[::1/a", "a host"),
        ("[1:2]/a", "an IPv6 address"),
        ("${REGISTRY}/app:1", "a host"),
        ("$(params.image)", "no path"),
        ("r.io/app:{{ .Values.tag }}", "a tag"),
        ("r.io/\N{FULLWIDTH LATIN SMALL LETTER A}pp", "no path"),
        ("x" * 3000, "longer than 2048"),
    ],
)
def test_what_is_no_reference_is_refused_without_repeating_it(text: str, says: str):
    with pytest.raises(MalformedReference, match=says) as refused:
        parse_reference(text)
    assert text.strip() == "" or text not in str(refused.value)
