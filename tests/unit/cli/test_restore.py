"""restore: from a file, and of a run in a cluster that lives in a dict."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from regsweep.cli import keepsakes as module
from regsweep.cli import restore, run
from regsweep.cli.keepsakes import FileKeepsakes, Pieces
from regsweep.clients.kinds import CONFIG_MAP, RUN
from regsweep.core.keepsake import CHUNK_KEY, Heading, Saved, pack
from regsweep.core.oci import OCI_MANIFEST, Digest, digest_of
from regsweep.errors import InvalidInput, KeepsakeUnreadable, NothingToRestore
from tests.command_line import CommandLine
from tests.unit.cli.test_cluster_verbs import Fake, a_run

URL = "http://registry:5000"
PLAN = Digest("sha256:" + 64 * "a")


def saved(number: int, *tags: str) -> Saved:
    body = json.dumps({"schemaVersion": 2, "mediaType": OCI_MANIFEST, "layers": [], "number": number}).encode()
    return Saved("team/app", digest_of(body), OCI_MANIFEST, body, tags, digest_of(body))


KEPT = [saved(1, "v1", "latest"), saved(2, "v2"), saved(3)]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Fake:
    """A cluster where run `nightly-1` kept what it deleted, and a restore of it ends well."""
    made = Fake()

    @contextmanager
    def connected(login: object) -> Iterator[Fake]:
        yield made

    monkeypatch.setattr(restore, "connected", connected)
    monkeypatch.setattr(run, "_POLL_SECONDS", 0.0)
    (piece,) = pack(Heading(URL, "registry/nightly", PLAN), KEPT)
    content = {CHUNK_KEY: base64.b64encode(piece).decode()}
    made.add(CONFIG_MAP, {"metadata": {"name": "kept-0"}, "binaryData": content})
    undo = {"configMaps": ["kept-0"], "registry": URL, "manifests": 3, "tags": 3}
    made.add(RUN, a_run("nightly-1", "Complete", "Deleted", undo=undo))
    made.add(RUN, restoring("Complete", "Restored"))
    return made


def restoring(kind: str, reason: str, message: str = "") -> dict[str, Any]:
    found = a_run("nightly-1-restore-x7k2p", kind, reason, message, restoration={"manifests": 3, "tags": 3})
    return found | {"spec": {"policyRef": {"name": "nightly"}, "restoreFrom": {"name": "nightly-1"}}}


def test_the_operator_is_asked_to_put_a_run_back(regsweep: CommandLine, fake: Fake) -> None:
    ended = regsweep("restore", "--from", "nightly-1", "--yes", "-o", "json")
    assert (ended.code, ended.report()["reason"], ended.report()["mode"]) == (0, "Restored", "Restore")
    [(verb, body)] = fake.written
    assert (verb, body["metadata"]["generateName"]) == ("create", "nightly-1-restore-")
    assert body["spec"] == {"policyRef": {"name": "nightly"}, "restoreFrom": {"name": "nightly-1"}}
    assert "(v1, latest)" in ended.err
    assert "and 1 manifests without a tag" in ended.err


def test_only_these_images(regsweep: CommandLine, fake: Fake) -> None:
    ended = regsweep("restore", "--from", "nightly-1", "--yes", "team/app:v2", f"team/app@{KEPT[2].digest}")
    assert ended.code == 0
    assert fake.written[0][1]["spec"]["restoreFrom"]["images"] == ["team/app:v2", f"team/app@{KEPT[2].digest}"]
    assert "(v1, latest)" not in ended.err


@pytest.mark.parametrize(
    ("reason", "code"), [("AlreadyCollected", 3), ("RestoreIncomplete", 1), ("RegistryReadOnly", 4)]
)
def test_a_restore_that_failed_ends_with_its_exit_code(
    regsweep: CommandLine, fake: Fake, reason: str, code: int
) -> None:
    fake.add(RUN, restoring("Failed", reason, "in words"))
    ended = regsweep("restore", "--from", "nightly-1", "--yes")
    assert ended.code == code
    assert f"{reason}: in words" in ended.out


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        pytest.param(["--from", "nightly-1"], 3, "give --yes", id="nobody to ask"),
        pytest.param(["--from", "nightly-9", "--yes"], 4, "there is no RegistryCleanupRun nightly-9", id="no such run"),
        pytest.param(["--from", "nightly-1", "--yes", "team/app:v9"], 3, "holds nothing of team/app:v9", id="not kept"),
        pytest.param(["--from", "nightly-1", "--yes", "a:b:c"], 2, "names no image", id="no image"),
        pytest.param(["--from", "dry", "--yes"], 3, "kept nothing", id="nothing kept"),
        pytest.param(["--from", "going", "--yes"], 3, "has not ended", id="goes on"),
        pytest.param(["--from", "over", "--yes"], 3, "run weekly-2 collected", id="collected"),
    ],
)
def test_nothing_else_is_put_back(
    regsweep: CommandLine, fake: Fake, arguments: list[str], code: int, words: str
) -> None:
    ended_by = {"endedAt": "2026-02-01T00:00:00Z", "endedBy": "weekly-2"}
    fake.add(
        RUN, a_run("dry", "Complete", "DryRun"), a_run("going"), a_run("over", "Complete", "Deleted", undo=ended_by)
    )
    ended = regsweep("restore", *arguments)
    assert (ended.code, fake.written) == (code, [])
    assert words in ended.err


def test_config_maps_that_are_gone_are_said(regsweep: CommandLine, fake: Fake) -> None:
    del fake.objects[CONFIG_MAP, "kept-0"]
    ended = regsweep("restore", "--from", "nightly-1", "--yes")
    assert (ended.code, fake.written) == (2, [])
    assert "ConfigMap kept-0 in namespace registry is gone" in ended.err


def test_a_file_needs_its_policy(regsweep: CommandLine, tmp_path: Path) -> None:
    file = tmp_path / "x.keepsake"
    file.write_bytes(b"".join(pack(Heading(URL, "p", PLAN), KEPT)))
    ended = regsweep("restore", "--from", file, "--yes")
    assert ended.code == 2
    assert "--filename" in ended.err


@pytest.mark.parametrize(
    ("place", "code", "words"),
    [("state/regsweep/0f3c5a7e9b1d.keepsake", 3, "garbage collection"), ("elsewhere.keepsake", 2, "cannot be read")],
)
def test_a_file_that_is_not_there(regsweep: CommandLine, tmp_path: Path, place: str, code: int, words: str) -> None:
    ended = regsweep("restore", "-f", regsweep.policy(URL), "--from", tmp_path / place, "--yes")
    assert ended.code == code
    assert words in ended.err


@pytest.fixture
def state(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    return tmp_path / "regsweep"


def test_a_file_is_whole_or_not_there(state: Path) -> None:
    kept = FileKeepsakes(URL)

    def breaks() -> Iterator[Saved]:
        yield KEPT[0]
        raise RuntimeError("killed")

    with pytest.raises(RuntimeError):
        kept.keep(Heading(URL, "p", PLAN), breaks())
    assert list(state.iterdir()) == []
    assert kept.kept(PLAN) is None
    assert kept.to_undo() == ""
    kept.keep(Heading(URL, "p", PLAN), KEPT)
    (file,) = state.iterdir()
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(kept.kept(PLAN) or ()) == KEPT
    assert str(file) in kept.to_undo()


def test_another_process_finds_it_by_its_plan(state: Path) -> None:
    FileKeepsakes(URL).keep(Heading(URL, "p", PLAN), KEPT)
    assert list(FileKeepsakes(URL).kept(PLAN) or ()) == KEPT
    assert FileKeepsakes(URL).kept(Digest(PLAN[:-1] + "b")) is None


def test_a_collection_takes_the_files_of_its_registry_alone(state: Path) -> None:
    other = Digest("sha256:" + 64 * "b")
    FileKeepsakes(URL).keep(Heading(URL, "p", PLAN), KEPT)
    FileKeepsakes("http://other").keep(Heading("http://other", "p", other), KEPT)
    (state / "broken.keepsake").write_bytes(b"broken")
    FileKeepsakes(URL).collected()
    assert sorted(path.name for path in state.iterdir()) == [f"{other[7:19]}.keepsake", "broken.keepsake"]


def test_the_oldest_go_when_there_are_too_many(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "HELD", 3)
    plans = [Digest(f"sha256:{number:012x}{52 * '0'}") for number in range(5)]
    for age, plan in enumerate(plans):
        FileKeepsakes(URL).keep(Heading(URL, "p", plan), KEPT)
        os.utime(state / f"{plan[7:19]}.keepsake", (age, age))
    assert sorted(path.stem for path in state.iterdir()) == [plan[7:19] for plan in plans[2:]]


def test_a_folder_that_cannot_be_written_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    with pytest.raises(InvalidInput, match="XDG_STATE_HOME"):
        FileKeepsakes(URL).keep(Heading(URL, "p", PLAN), KEPT)


def test_without_a_file_there_is_nothing_to_put_back() -> None:
    with pytest.raises(NothingToRestore):
        FileKeepsakes(URL).source()


def test_a_file_larger_than_a_keepsake_is_not_read_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "MAXIMUM_CHUNKS", 1)
    monkeypatch.setattr(module, "CHUNK_BYTES", 10)
    (tmp_path / "large").write_bytes(bytes(11))
    with pytest.raises(KeepsakeUnreadable, match="larger"):
        list(Pieces(tmp_path / "large"))
