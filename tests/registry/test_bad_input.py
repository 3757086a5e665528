"""Whatever is wrong, outside or in: one paragraph that says what and the fix, its exit code, and nothing deleted."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from regsweep.demo.catalogue import grid
from regsweep.demo.documents import Artifact
from regsweep.demo.options import TLS
from regsweep.demo.process import RegistryProcess
from tests.certificates import self_signed
from tests.command_line import CommandLine, Ended
from tests.registry.conftest import StartRegistry, StorageWith
from tests.registry.content import files
from tests.registry.front import Answer, front

PASSWORD = "an-open-secret"  # in no output, ever


@pytest.fixture
def images(now: datetime) -> list[Artifact]:
    return grid(now, repositories=2, tags=4, layer_bytes=200)


def refuses(ended: Ended, code: int, *words: str) -> None:
    """One paragraph on standard error with all the words, and nothing like a traceback."""
    last = ended.err.strip().splitlines()[-1]
    assert ended.code == code, ended.err
    assert last.startswith("regsweep: ")
    assert [word for word in words if word not in last] == [], last
    assert "Traceback" not in ended.err
    assert PASSWORD not in ended.out + ended.err


RULE = {"name": "all", "keep": {"latest": 2}}


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        pytest.param({"rulez": []}, ("spec.rulez", "check its spelling"), id="unknown field"),
        pytest.param({"mode": "Destroy"}, ("spec.mode", "'DryRun' or 'Delete'"), id="wrong enum"),
        pytest.param(
            {"rules": [RULE | {"tags": {"include": ["/(/"]}}]}, ("spec.rules[0].tags.include[0]",), id="bad regex"
        ),
        pytest.param({"schedule": "61 * * * *"}, ("spec.schedule", "cron"), id="bad cron"),
        pytest.param({"rules": [{"name": "all"}]}, ("spec.rules[0].keep", "is required"), id="rule without keep"),
        pytest.param(
            {"rules": [RULE | {"keep": {}}]}, ("spec.rules[0].keep", "keep.latest"), id="keep without criterion"
        ),
    ],
)
def test_a_policy_that_is_refused(
    regsweep: CommandLine, registry: RegistryProcess, spec: dict[str, Any], words: tuple[str, ...]
) -> None:
    before = files(registry)
    refuses(regsweep("apply", "-f", regsweep.policy(registry.url, **spec), "--yes"), 2, *words)
    assert files(registry) == before


def test_nobody_answers_at_the_url(regsweep: CommandLine, registry: RegistryProcess) -> None:
    registry.stop()
    before = files(registry)
    ended = regsweep("apply", "-f", regsweep.policy(registry.url), "--yes")
    refuses(ended, 4, registry.url, "is the registry running")
    assert files(registry) == before


def test_a_wrong_password(
    regsweep: CommandLine, start_registry: StartRegistry, htpasswd: Path, tmp_path: Path, images: list[Artifact]
) -> None:
    registry = start_registry(htpasswd=htpasswd)
    before = files(registry)
    secret = tmp_path / "password"
    secret.write_text(PASSWORD + "\n")
    login = ("--username", "pusher", "--password-file", secret)
    refuses(regsweep("apply", "-f", regsweep.policy(registry.url), "--yes", "-vv", *login), 4, registry.url, "password")
    assert files(registry) == before


def test_no_login_where_one_is_needed(regsweep: CommandLine, start_registry: StartRegistry, htpasswd: Path) -> None:
    registry = start_registry(htpasswd=htpasswd)
    ended = regsweep("apply", "-f", regsweep.policy(registry.url), "--yes")
    refuses(ended, 4, registry.url, "--username")


def test_a_secret_of_the_cluster_is_not_read_here(regsweep: CommandLine, registry: RegistryProcess) -> None:
    policy = regsweep.policy(registry.url, registry={"credentialsSecretRef": {"name": "login"}})
    refuses(regsweep("plan", "-f", policy), 2, "credentialsSecretRef", "--docker-config")


def test_a_self_signed_certificate(regsweep: CommandLine, start_registry: StartRegistry, tmp_path: Path) -> None:
    certified = self_signed(tmp_path)
    certificate = certified.certificate_file
    registry = start_registry(tls=TLS(certificate, certified.key_file))
    before = files(registry)
    policy = regsweep.policy(registry.url)
    refuses(regsweep("apply", "-f", policy, "--yes"), 4, "self-signed", "--ca-file")
    assert regsweep("apply", "-f", policy, "--yes", "--ca-file", certificate).code == 0
    assert regsweep("apply", "-f", policy, "--yes", "--insecure-skip-tls-verify").code == 0
    assert files(registry) == before


HTML = {"Content-Type": "text/html"}
PAGE = b"<!doctype html><title>Welcome</title>"


def _not_a_registry(path: str, answer: Answer) -> Answer:
    return Answer(404, b"not found", {"Content-Type": "text/plain"})


def _web_page(path: str, answer: Answer) -> Answer:
    return Answer(200, PAGE, HTML)


def _catalog_is_a_web_page(path: str, answer: Answer) -> Answer:
    return Answer(200, PAGE, HTML) if "_catalog" in path else answer


def _half_a_catalog(path: str, answer: Answer) -> Answer:
    return replace(answer, cut=len(answer.body) // 2) if "_catalog" in path else answer


@pytest.mark.parametrize(
    ("change", "words"),
    [
        pytest.param(_not_a_registry, ("url",), id="something else"),
        pytest.param(_web_page, ("url",), id="a web page"),
        pytest.param(_catalog_is_a_web_page, ("url",), id="a catalog that is a web page"),
        pytest.param(_half_a_catalog, ("is cut",), id="half a catalog"),
    ],
)
def test_what_answers_is_no_registry(
    regsweep: CommandLine, registry: RegistryProcess, change: Callable[[str, Answer], Answer], words: tuple[str, ...]
) -> None:
    before = files(registry)
    with front(registry.url, change) as (url, asked):
        refuses(regsweep("apply", "-f", regsweep.policy(url), "--yes"), 4, url, *words)
    assert "DELETE" not in asked
    assert files(registry) == before


def _half_the_tags(path: str, answer: Answer) -> Answer:
    return replace(answer, cut=len(answer.body) // 2) if "repo-00/tags" in path else answer


def _tags_are_a_web_page(path: str, answer: Answer) -> Answer:
    return Answer(200, PAGE, HTML) if "repo-00/tags" in path else answer


def _manifests_are_changed(path: str, answer: Answer) -> Answer:
    if "repo-00/manifests/" not in path or answer.status != 200 or not answer.body:
        return answer
    return replace(answer, body=answer.body.replace(b"{", b"{ ", 1))


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(_half_the_tags, id="half a page of tags"),
        pytest.param(_tags_are_a_web_page, id="tags that are a web page"),
        pytest.param(_manifests_are_changed, id="manifests with another digest"),
    ],
)
def test_a_repository_that_cannot_be_read_is_left_alone(
    regsweep: CommandLine, registry: RegistryProcess, change: Callable[[str, Answer], Answer]
) -> None:
    """The others go on, and the run says that it is not whole."""
    with front(registry.url, change) as (url, _):
        ended = regsweep("apply", "-f", regsweep.policy(url), "--yes", "-o", "json")
    refuses(ended, 1, "could not be read", "grid/repo-00")
    assert {action["repository"] for action in ended.report()["actions"]} == {"grid/repo-01"}
    assert "unread" in {finding["code"] for finding in ended.report()["findings"]}


def revision(registry: RegistryProcess, repository: str, digest: str) -> Path:
    return registry.storage / f"docker/registry/v2/repositories/{repository}/_manifests/revisions/sha256/{digest[7:]}"


def test_a_tag_without_a_manifest_is_a_finding(
    regsweep: CommandLine, registry: RegistryProcess, images: list[Artifact]
) -> None:
    """Its repository goes on: only the tag itself is left alone."""
    broken = images[0]
    (revision(registry, broken.repository, broken.document.digest) / "link").unlink()
    registry.restart()
    ended = regsweep("apply", "-f", regsweep.policy(registry.url), "--yes", "-o", "json")
    assert ended.code == 0, ended.err
    found = [(finding["code"], finding["repository"], finding["reference"]) for finding in ended.report()["findings"]]
    assert ("broken.no-manifest", broken.repository, broken.tags[0]) in found
    gone = {(action["repository"], tag) for action in ended.report()["actions"] for tag in action["tags"]}
    assert gone == {(broken.repository, "v1"), *(("grid/repo-01", tag) for tag in ("v0", "v1"))}


def test_a_manifest_that_is_damaged_on_disk(
    regsweep: CommandLine, registry: RegistryProcess, images: list[Artifact]
) -> None:
    digest = images[0].document.digest[7:]
    blob = registry.storage / f"docker/registry/v2/blobs/sha256/{digest[:2]}/{digest}/data"
    blob.write_bytes(blob.read_bytes().replace(b"{", b"{ ", 1))
    registry.restart()
    ended = regsweep("apply", "-f", regsweep.policy(registry.url), "--yes", "-o", "json")
    refuses(ended, 1, "could not be read", "grid/repo-00")
    assert {action["repository"] for action in ended.report()["actions"]} == {"grid/repo-01"}


def test_deletes_are_switched_off(
    regsweep: CommandLine, start_registry: StartRegistry, storage_with: StorageWith, images: list[Artifact]
) -> None:
    registry = start_registry(storage_with(images), delete_enabled=False)
    before = files(registry)
    ended = regsweep("apply", "-f", regsweep.policy(registry.url), "--yes")
    refuses(ended, 4, "REGISTRY_STORAGE_DELETE_ENABLED=true")
    assert files(registry) == before
    assert regsweep("plan", "-f", regsweep.policy(registry.url)).code == 0


def test_a_registry_that_is_read_only(regsweep: CommandLine, registry: RegistryProcess, images: list[Artifact]) -> None:
    registry.restart(read_only=True)
    before = files(registry)
    refuses(regsweep("apply", "-f", regsweep.policy(registry.url), "--yes"), 4, "read-only")
    assert files(registry) == before


def test_what_is_in_use_cannot_be_learnt(regsweep: CommandLine, registry: RegistryProcess) -> None:
    before = files(registry)
    ended = regsweep("apply", "-f", regsweep.policy(registry.url, protect={"inUse": {}}), "--yes")
    refuses(ended, 3, "spec.protect.inUse")
    assert files(registry) == before


def test_a_report_of_an_error_is_no_report(regsweep: CommandLine, registry: RegistryProcess) -> None:
    """A run that ended before it had a plan has no record: standard output stays empty, so that a parser knows."""
    registry.stop()
    ended = regsweep("plan", "-f", regsweep.policy(registry.url), "-o", "json")
    assert ended.out == ""
    with pytest.raises(json.JSONDecodeError):
        ended.report()
