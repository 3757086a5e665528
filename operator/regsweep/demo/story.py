"""The whole job on this machine, told as it happens: push, plan, apply, collect, and every kept image pulled back."""

from __future__ import annotations

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
from regsweep.core.outcome import RunRecord
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


def policy_text() -> str:
    return files("regsweep.demo").joinpath("policy.yaml").read_text()


def demo(binary: Path, console: Console, progress: Progress, stop: Stop) -> None:
    """Tell the story. Raises RegsweepError where it does not end well; leaves nothing behind either way."""
    with (
        tempfile.TemporaryDirectory(prefix="regsweep-demo-") as folder,
        RegistryProcess(binary, Path(folder) / "storage") as registry,
        Pusher(registry.url) as pusher,
    ):
        Story(registry, pusher, console, progress, stop).tell()
    console.print("[bold]6. Taken down.[/] The registry has ended and its files are gone.")


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
        self.console.print(f"[bold]1. A registry:[/] Distribution {version} on {url}, deletes switched on")
        images = demo_images(_now())
        self._fill(images)
        self.console.print("[bold]3. The policy:[/]")
        self.console.print(policy_text().partition("spec:\n")[2].rstrip(), highlight=False, markup=False, style="dim")
        planned = self._run(Mode.DRY_RUN)
        if planned.plan is None:
            raise RegsweepError(f"the demo's plan failed: {planned.reason}: {planned.message}")
        self._show_plan(planned, planned.plan)
        self._show_result(self._run(Mode.DELETE, planned.plan))
        self._prove(images, planned.plan)

    def _fill(self, images: Sequence[Artifact]) -> None:
        self.progress.begin("push", len(images))
        for part in batches(images, 20):
            self.stop.check()
            self.pusher.push_all(part)
            self.progress.advance(len(part))
        repositories = {artifact.repository for artifact in images}
        self.console.print(
            f"[bold]2. Filled[/] with {len(images)} images in {len(repositories)} repositories: plain, multi-arch, "
            f"shared digests, signed, a `latest` pushed twice; {human_bytes(self.registry.disk_bytes().blobs)} on disk"
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
        self.console.print(
            f"[bold]4. The plan:[/] {counts.deleted_tags} of {counts.tags} tags go, with {counts.deleted_manifests} of "
            f"{counts.manifests} manifests; {human_bytes(plan.bytes)} can come back"
        )
        table = Table("repository", "kept", "going", box=None, header_style="dim", padding=(0, 2))
        for name, (kept, expired) in sorted(record.kept.by_repository.items()):
            table.add_row(name, str(kept), str(expired))
        why = Table("tags kept", "why", box=None, header_style="dim", padding=(0, 2))
        for reason, number in sorted(record.kept.by_reason.items(), key=lambda item: -item[1]):
            why.add_row(str(number), reason)
        self.console.print(table, why, sep="\n")

    def _show_result(self, record: RunRecord) -> None:
        collection = record.collection
        if record.reason != "Collected" or collection is None:
            raise RegsweepError(
                f"the demo's run ended with {record.reason}: {record.message or record.collect_skipped}"
            )
        before, after = collection.bytes_before or 0, collection.bytes_after or 0
        self.console.print(
            f"[bold]5. Done:[/] {human_bytes(before)} before, {human_bytes(after)} after: "
            f"[bold green]{human_bytes(before - after)} freed on disk[/], {collection.blobs_deleted} blobs swept; "
            f"pushes were refused for {collection.write_blocked_seconds:.1f} s"
        )
        if proof := record.verification:
            self.console.print(f"   proven: {proof.images} kept tags with {proof.blobs} configs and layers answer")

    def _prove(self, images: Sequence[Artifact], plan: Plan) -> None:
        """Pull every tag that the plan did not name, byte by byte. Raises ImagesDamaged."""
        gone = {(action.repository, tag) for action in plan.actions for tag in action.tags}
        pushed = {(artifact.repository, tag) for artifact in images for tag in artifact.tags}
        self.progress.begin("pull back", len(pushed - gone))
        pulled = self.pusher.pull_all(sorted(pushed - gone))
        if not pulled.sizes:
            raise ImagesDamaged("no image is left: the demo's policy keeps some")
        self.console.print(
            f"   pulled back: {len(pushed - gone)} kept tags, {len(pulled.digests)} manifests, configs and layers, "
            f"{human_bytes(pulled.bytes)}; [bold green]every byte is right[/]"
        )


def _policy(url: str) -> RegistryCleanupPolicy:
    document = yaml.safe_load(policy_text())
    document["spec"]["registry"]["url"] = url
    return load_policy(document, "the demo's policy")


def _now() -> datetime:
    return datetime.now(UTC)


def batches(images: Sequence[Artifact], size: int) -> list[Sequence[Artifact]]:
    return [images[start : start + size] for start in range(0, len(images), size)]
