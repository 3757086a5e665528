"""The retag race on real registries: what a client pushes while a digest is deleted is put back, or said.

Many tags make a DELETE long, for it reads each of them. Here the client pushes in the midst of it.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest

from regsweep.api.load import load_policy
from regsweep.api.policy import Mode
from regsweep.clients.cache import MemoryCache
from regsweep.clients.registry import Deleter, Putter, Reader, Target, probe_deletes
from regsweep.core.lost import SLACK
from regsweep.core.oci import Digest
from regsweep.core.outcome import Result, RunRecord
from regsweep.core.registry_log import ManifestRequest, Method, RequestLog
from regsweep.demo.documents import Artifact
from regsweep.demo.images import image_on, layer
from regsweep.demo.process import RegistryProcess
from regsweep.demo.push import Pusher
from regsweep.errors import RegistryError
from regsweep.pipeline import Ports, Request, run
from regsweep.pipeline.memory import MemoryJournal
from regsweep.steps.storage import DirectoryStore
from tests.quiet import Quiet
from tests.registry.conftest import StartRegistry

NAME = "team/app"
STAYING = 1000
"""So many tags that a client can push in the midst of a DELETE."""

APART = 4 * SLACK.total_seconds()
"""Seconds between two pushes, so that the times of files tell one from the other."""

FEW = 20
"""For a client that acts before or after it: how long a DELETE takes is nothing to it."""

OLD = 14
QUIET = 2


def now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class FileLog:
    """Hears by the log of a registry process, from its end on."""

    path: Path
    start: int

    def requests(self, deleted: AbstractSet[tuple[str, Digest]]) -> list[ManifestRequest]:
        found = self._read()
        while not deleted <= {(r.repository, r.reference) for r in found if r.method is Method.DELETE}:
            time.sleep(0.05)
            found = self._read()
        return sorted(found, key=lambda request: request.ended)

    def _read(self) -> Sequence[ManifestRequest]:
        log = RequestLog("here", {NAME})
        for line in self.path.read_bytes()[self.start :].decode().splitlines():
            log.take(line, now())
        return log.requests()


@dataclass
class Racing(Deleter):
    """Lets a client act before or while a digest is deleted, once the first ones have shown how long one takes."""

    target: Target
    before: Callable[[Digest], object] = lambda _: None
    midst: Callable[[Digest], object] = lambda _: None
    took: list[float] = field(default_factory=list)
    shares: Iterator[float] = field(default_factory=lambda: cycle((0.1, 0.3, 0.5, 0.7)))
    """After which part of a deletion the client pushes: tags are read in the order of the file system, or by name."""

    def __post_init__(self) -> None:
        super().__init__(self.target)

    def delete_manifest(self, repository: str, digest: Digest) -> bool:
        if len(self.took) < QUIET:
            begin = time.monotonic()
            deleted = super().delete_manifest(repository, digest)
            self.took.append(time.monotonic() - begin)
            return deleted
        time.sleep(APART)
        self.before(digest)
        share = next(self.shares)
        client = threading.Timer(share * min(self.took), self.midst, [digest])
        client.start()
        deleted = super().delete_manifest(repository, digest)
        client.join()
        return deleted


@dataclass
class Scene:
    """A repository of many tags that stay and OLD images that go, and what its client was told last."""

    registry: RegistryProcess
    old: list[Artifact]
    new: list[Artifact]
    told: dict[str, str] = field(default_factory=dict)
    refused: set[str] = field(default_factory=set)
    """Tags whose push met the deletion in a way that 2.8 does not survive: it answers one of the two with an error."""

    errors: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.place = Target(url=self.registry.url)
        self.deleter = Racing(self.place)
        self.client = Putter(self.place)

    def push(self, tag: str, image: Artifact) -> None:
        try:
            assert self.client.put_manifest(NAME, tag, image.document.content, image.document.media_type) is None
        except RegistryError as error:
            self.refused.add(tag)
            self.errors.append(str(error))
        else:
            self.told[tag] = image.digest

    def number(self, digest: Digest) -> int:
        return [image.digest for image in self.old].index(digest)

    def sweep(self, *, with_files: bool = True, listening: bool = True) -> RunRecord:
        @contextmanager
        def listen(_: AbstractSet[str]) -> Iterator[FileLog]:
            path = self.registry.log_path
            yield FileLog(path, path.stat().st_size)

        quiet: Any = Quiet()
        ports = Ports(
            reader=Reader(self.place),
            deleter=lambda: self.deleter,
            probe=partial(probe_deletes, self.place),
            cache=MemoryCache(),
            clock=now,
            stop=quiet,
            progress=quiet,
            journal=MemoryJournal(),
            putter=lambda: Putter(self.place),
            storage=partial(DirectoryStore, self.registry.storage, now) if with_files else None,
            listen=listen if listening else None,
        )
        spec = {
            "registry": {"url": self.registry.url, "inventory": "API"},
            "rules": [{"name": "old", "tags": {"include": ["v*"]}, "keep": {"youngerThan": "1d"}}],
            "limits": {"minimumAge": "0s", "maxDeletionPercent": 100, "concurrency": 4},
        }
        policy = {"apiVersion": "regsweep.dev/v1alpha1", "kind": "RegistryCleanupPolicy", "metadata": {"name": "p"}}
        record = run(Request(load_policy(policy | {"spec": spec}), Mode.DELETE), ports)
        print([(finding.code, finding.reference, finding.message) for finding in record.findings])
        return record

    def gone(self) -> dict[str, str | None]:
        """Of what the client was told last, all that is not so."""
        heads = {tag: self.client.head(NAME, tag) for tag in self.told}
        found = {tag: head.digest if head else None for tag, head in heads.items()}
        return {tag: found[tag] for tag, digest in self.told.items() if found[tag] != digest}


@pytest.fixture
def scene(start_registry: StartRegistry, request: pytest.FixtureRequest) -> Scene:
    registry = start_registry(log_level="info")
    base = layer("base", 2_000)
    long_ago, recently = datetime(2026, 1, 2, tzinfo=UTC), now()
    kept = Artifact(NAME, ("kept",), image_on((base,), "kept", recently))
    old = [Artifact(NAME, (f"v{n}",), image_on((base,), f"old {n}", long_ago)) for n in range(OLD)]
    new = [Artifact(NAME, (), image_on((base,), f"new {n}", recently)) for n in range(OLD)]
    tags = registry.storage / "docker/registry/v2/repositories" / NAME / "_manifests/tags"
    for number in range(getattr(request, "param", STAYING)):
        link = tags / f"x{number:04}/current/link"
        link.parent.mkdir(parents=True)
        link.write_text(kept.digest)
    with Pusher(registry.url) as pusher:  # last in the folder and first by name: either registry reads these tags first
        pusher.push_all([kept, *new])
        pusher.push_all(old)
    return Scene(registry, old, new)


def codes(record: RunRecord, code: str) -> set[str]:
    return {finding.reference for finding in record.findings if finding.code == code}


@pytest.mark.timeout(240)
def test_a_tag_that_moves_while_its_old_digest_is_deleted_comes_back(scene: Scene) -> None:
    scene.deleter.midst = lambda digest: scene.push(f"v{scene.number(digest)}", scene.new[scene.number(digest)])
    record = scene.sweep()
    healed = codes(record, "sweep.healed-tag")
    print(f"{len(healed)} of {len(scene.told)} pushes were lost, DELETE took {min(scene.deleter.took):.3f} s")
    assert healed
    assert set(scene.gone()) == codes(record, "sweep.lost-tag") - scene.refused
    failed = [outcome.message for outcome in record.outcomes if outcome.result is not Result.DELETED]
    errors = [*failed, *scene.errors]
    assert all(re.search("answered with (500|400 DIGEST_INVALID)", error) for error in errors)
    if not errors:  # what the registry could not do leaves more than one answer to some questions
        assert scene.gone() == {}
        assert codes(record, "sweep.lost-tag") == set()
        assert [outcome.result for outcome in record.outcomes] == [Result.DELETED] * OLD


@pytest.mark.timeout(240)
@pytest.mark.parametrize("scene", [FEW], indirect=True, ids=["few tags"])
def test_a_new_tag_on_a_digest_that_is_deleted_comes_back_with_it(scene: Scene) -> None:
    """Without the files too: a tag that pointed nowhere before can have named nothing else."""
    scene.deleter.before = lambda digest: scene.push(f"n{scene.number(digest)}", scene.old[scene.number(digest)])
    record = scene.sweep(with_files=False)
    assert scene.gone() == {}
    assert codes(record, "sweep.healed-tag") == set(scene.told)
    assert len(scene.told) == OLD - QUIET


@pytest.mark.timeout(240)
@pytest.mark.parametrize("scene", [STAYING // 2], indirect=True, ids=["half"])
def test_what_cannot_be_told_is_said_and_what_cannot_be_heard_too(scene: Scene) -> None:
    """A tag that moves in that moment could name anything, where the files are not seen; and without a log nobody
    knows of it.
    """
    scene.deleter.midst = lambda digest: scene.push(f"v{scene.number(digest)}", scene.new[scene.number(digest)])
    record = scene.sweep(with_files=False)
    assert codes(record, "sweep.lost-tag") == set(scene.gone())
    assert codes(record, "sweep.healed-tag") == set()
    assert codes(record, "sweep.unheard") == set()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("scene", [FEW], indirect=True, ids=["few tags"])
def test_a_tag_that_is_left_without_its_manifest_gets_it_back(scene: Scene) -> None:
    """Its link was written after all tags had been read. That is seen without a log."""

    def late(digest: Digest) -> None:
        root = scene.registry.storage / "docker/registry/v2/repositories" / NAME / "_manifests"
        while (root / "revisions/sha256" / digest.removeprefix("sha256:") / "link").exists():
            time.sleep(0.001)
        link = root / f"tags/n{scene.number(digest)}/current/link"
        link.parent.mkdir(parents=True)
        link.write_text(digest)
        scene.told[f"n{scene.number(digest)}"] = digest

    delete = scene.deleter.delete_manifest

    def deleted(repository: str, digest: Digest) -> bool:
        done = delete(repository, digest)
        late(digest)
        return done

    scene.deleter.delete_manifest = deleted  # type: ignore[method-assign]
    record = scene.sweep(with_files=False, listening=False)
    assert scene.gone() == {}
    assert codes(record, "sweep.healed-tag") == set(scene.told)
    assert codes(record, "sweep.unheard") == {""}
