"""The whole job on this machine, told as it happens: push, plan, apply, collect, and every kept image pulled back."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.resources import files
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

from regsweep.api.load import load_policy
from regsweep.api.policy import Mode, RegistryCleanupPolicy
from regsweep.clients.cache import MemoryCache
from regsweep.clients.registry import Deleter, Reader, Target, probe_deletes
from regsweep.core.outcome import Result, RunRecord
from regsweep.core.plan import Plan
from regsweep.core.ports import Progress, Stop
from regsweep.core.report.text import human_bytes
from regsweep.demo.catalogue import demo_images
from regsweep.demo.collector import ProcessCollector
from regsweep.demo.documents import Artifact
from regsweep.demo.process import RegistryProcess
from regsweep.demo.push import Pusher
from regsweep.errors import ImagesDamaged, RegsweepError
from regsweep.pipeline import Ports, Request, run
from regsweep.pipeline.memory import MemoryJournal

_MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made there
_MEMORY_NEEDED = 2 << 30

_WHY = {
    "kept.latest": "among the newest that a rule keeps",
    "kept.younger-than": "younger than a rule keeps",
    "kept.no-rule": "no rule selects it",
    "protected.tag": "protect.tags names it",
    "protected.repository": "protect.repositories names its repository",
    "protected.shared-digest": "another tag on the same image is kept",
    "protected.referrer-of": "signs or describes an image that stays",
    "protected.child-of": "part of an image that stays",
    "protected.unknown-age": "nobody knows how old it is",
    "protected.minimum-age": "younger than limits.minimumAge",
}


def policy_text() -> str:
    return files("regsweep.demo").joinpath("policy.yaml").read_text()


def demo(binary: Path, console: Console, progress: Progress, stop: Stop) -> None:
    """Tell the story. Raises RegsweepError where it does not end well; leaves nothing behind either way."""
    with (
        tempfile.TemporaryDirectory(prefix="regsweep-demo-", dir=_place()) as folder,
        RegistryProcess(binary, Path(folder) / "storage") as registry,
        Pusher(registry.url) as pusher,
    ):
        Story(registry, pusher, console, progress, stop).tell()
    console.print("\n[bold]The end.[/] The registry has ended, and its files are gone.")


def _place() -> Path | None:
    """In memory where there is room: a disk of a laptop makes everybody wait. None: where temporary files are."""
    roomy = os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > _MEMORY_NEEDED
    return _MEMORY if roomy else None


@dataclass(frozen=True, slots=True)
class Story:
    """One telling, chapter by chapter."""

    registry: RegistryProcess
    pusher: Pusher
    console: Console
    progress: Progress
    stop: Stop

    def tell(self) -> None:
        url, version = self.registry.url, self.registry.version()
        self._chapter(1, "A registry", f"CNCF Distribution {version} on {url}, and nobody has ever cleaned it")
        images = demo_images(_now())
        self._fill(images)
        self._chapter(3, "A policy", "what a cluster admin writes; the same YAML works as a custom resource")
        policy = policy_text().partition("spec:\n")[2].rstrip()
        self.console.print(policy, highlight=False, markup=False, style="dim", soft_wrap=True)
        planned = self._run(Mode.DRY_RUN)
        if planned.plan is None:
            raise RegsweepError(f"the demo's plan failed: {planned.reason}: {planned.message}")
        self._show_plan(planned, planned.plan)
        self._show_result(self._run(Mode.DELETE, planned.plan))
        self._prove(images, planned.plan)

    def _chapter(self, number: int, title: str, words: str) -> None:
        self.console.print(f"\n[bold]{number}. {title}:[/] {words}", soft_wrap=True)

    def _fill(self, images: Sequence[Artifact]) -> None:
        self.progress.begin("push", len(images))
        for part in batches(images, 20):
            self.stop.check()
            self.pusher.push_all(part)
            self.progress.advance(len(part))
        repositories = {artifact.repository for artifact in images}
        self._chapter(
            2,
            "Four months of images",
            f"{len(images)} in {len(repositories)} repositories, "
            f"{human_bytes(self.registry.disk_bytes().blobs)} on disk",
        )
        self.console.print(
            "   releases, builds of main, pull requests, nightlies for two platforms, signatures, charts,\n"
            "   build caches, shared layers and digests, and a `latest` that moved",
            style="dim",
        )

    def _run(self, mode: Mode, approved: Plan | None = None) -> RunRecord:
        target = Target(url=self.registry.url)
        with Reader(target) as reader, Deleter(target) as deleter:
            ports = Ports(
                reader=reader,
                deleter=lambda: deleter,
                probe=partial(probe_deletes, target),
                cache=MemoryCache(),
                clock=_now,
                stop=self.stop,
                progress=self.progress,
                journal=MemoryJournal(approved),
                collector=ProcessCollector(self.registry, _now, self.progress),
            )
            return run(Request(_policy(target.url), mode, approved=approved.digest if approved else None), ports)

    def _show_plan(self, record: RunRecord, plan: Plan) -> None:
        counts = plan.counts
        self._chapter(
            4,
            "The plan, before anything is touched",
            f"{counts.deleted_tags} of {counts.tags} tags go, {human_bytes(plan.bytes)} come back",
        )
        table = _table("repository", "stay", "go")
        for name, (kept, expired) in sorted(record.kept.by_repository.items()):
            table.add_row(name, str(kept), str(expired) if expired else "")
        why = _table("tags stay", "because")
        for reason, number in sorted(record.kept.by_reason.items(), key=lambda item: -item[1]):
            why.add_row(str(number), f"{_WHY.get(reason, reason)} [dim]({reason})[/]")
        self.console.print(table, "", why, sep="\n")

    def _show_result(self, record: RunRecord) -> None:
        collection = record.collection
        if record.reason != "Collected" or collection is None:
            raise RegsweepError(
                f"the demo's run ended with {record.reason}: {record.message or record.collect_skipped}"
            )
        before, after = collection.bytes_before or 0, collection.bytes_after or 0
        self._chapter(
            5,
            "Deleted, and collected",
            f"{human_bytes(before)} before, {human_bytes(after)} after: "
            f"[bold green]{human_bytes(before - after)} freed on disk[/]",
        )
        self.console.print(
            f"   {record.count(Result.DELETED)} manifests deleted, {collection.blobs_deleted} blobs swept; "
            f"nobody could push for {collection.write_blocked_seconds:.1f} s",
            soft_wrap=True,
        )

    def _prove(self, images: Sequence[Artifact], plan: Plan) -> None:
        """Pull every tag that the plan did not name, byte by byte. Raises ImagesDamaged."""
        gone = {(action.repository, tag) for action in plan.actions for tag in action.tags}
        pushed = {(artifact.repository, tag) for artifact in images for tag in artifact.tags}
        self.progress.begin("pull back", len(pushed - gone))
        pulled = self.pusher.pull_all(sorted(pushed - gone))
        if not pulled.sizes:
            raise ImagesDamaged("no image is left: the demo's policy keeps some")
        self.progress.advance(len(pushed - gone))
        self._chapter(
            6,
            "Nothing was lost",
            f"all {len(pushed - gone)} kept tags were pulled back, [bold green]every byte is right[/]",
        )
        self.console.print(
            f"   {len(pulled.digests)} manifests, configs and layers, {human_bytes(pulled.bytes)}", soft_wrap=True
        )


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="dim", padding=(0, 2, 0, 1))
    for column in columns:
        table.add_column(column, justify="right" if column in ("stay", "go", "tags stay") else "left")
    return table


def _policy(url: str) -> RegistryCleanupPolicy:
    document = yaml.safe_load(policy_text())
    document["spec"]["registry"]["url"] = url
    return load_policy(document, "the demo's policy")


def _now() -> datetime:
    return datetime.now(UTC)


def batches(images: Sequence[Artifact], size: int) -> list[Sequence[Artifact]]:
    return [images[start : start + size] for start in range(0, len(images), size)]
