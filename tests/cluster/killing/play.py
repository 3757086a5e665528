"""One case, from an empty namespace to what the registry is afterwards."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.cluster.access import Cluster
from tests.cluster.killing.cases import OF_THE_OPERATOR, STEPS, Case, Fault
from tests.cluster.killing.collectors import Collectors
from tests.cluster.killing.faults import AWAY_SECONDS, frozen, give_back, strike
from tests.cluster.killing.stage import Stage
from tests.cluster.mainjob.builds import COLLECT, KEEP_TWO, fill
from tests.cluster.mainjob.content import sizes
from tests.cluster.mainjob.site import eventually

SECONDS = 420
"""For a case: the Lease of a killed operator takes a minute to run out."""
SLOWLY = {"requestsPerSecond": 40, "concurrency": 1, "maxDeletionPercent": 100}
_MAY_FAIL = {
    Fault.POD: {"CollectFailed"},
    Fault.GITOPS: {"CollectFailed", "MaintenanceLost"},
}
_ALL_WELL = {*OF_THE_OPERATOR, Fault.API, *_MAY_FAIL}


@dataclass(slots=True)
class Told:
    """What became of a case. `blocked` is how long after the fault the registry took no pushes, in seconds."""

    case: Case
    blocked: float = 0.0
    ended: str = ""
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        words = "; ".join(self.problems) or "ok"
        return f"{self.case!s:60} {self.blocked:7.1f} s  {self.ended:18} {words}"


def play(case: Case, cluster: Cluster, logs: Path) -> Told:
    """Whatever goes wrong is told, never raised."""
    told = Told(case)
    try:
        with ExitStack() as stack:
            collectors = stack.enter_context(Collectors())
            _play(told, Stage(case, cluster, logs, stack), collectors)
    except Exception as error:  # noqa: BLE001 - one row of the table
        notes = "".join(getattr(error, "__notes__", ()))
        told.problems.append(f"{type(error).__name__}: {str(error)[:300]} {notes[:300]}")
    return told


def _play(told: Told, stage: Stage, collectors: Collectors) -> None:
    case, site = told.case, stage.site
    site.apply(mode="Delete", garbageCollection=COLLECT, registry=stage.registry, **KEEP_TWO | {"limits": SLOWLY})
    by = signal.SIGSTOP if case.fault is Fault.FROZEN else signal.SIGKILL
    operator = stage.operator(case.at, by) if case.fault in OF_THE_OPERATOR else stage.operator()
    run = site.run()
    struck = _strike(case, stage, operator, run)
    stage.watch.begin()
    _recover(case, stage, operator)
    if case.fault is Fault.NAMESPACE:
        eventually(stage.is_gone, SECONDS)
        told.ended = "gone"
        told.problems += _still_at_work(operator)
        return
    eventually(lambda: stage.is_over(run), SECONDS)
    told.ended = stage.ended(run)
    eventually(lambda: not stage.holds(run), 120)
    told.problems += _left_on_the_workload(stage)
    if case.fault is Fault.PASSWORD:
        give_back(stage)
    eventually(lambda: site.writable() == [True], 120)
    told.blocked = stage.watch.last_read_only - struck if stage.watch.last_read_only else 0.0
    told.problems += _problems(told, stage, operator, collectors)


def _strike(case: Case, stage: Stage, operator: subprocess.Popen[bytes], run: str) -> float:
    """Wait for the moment, and do it. When it was done."""
    match case.fault:
        case Fault.OPERATOR | Fault.NODE:
            assert operator.wait(SECONDS) == -signal.SIGKILL, f"the operator ended with {operator.returncode}"
        case Fault.FROZEN:
            eventually(lambda: frozen(operator), SECONDS)
        case _:
            eventually(lambda: _is_at(stage, run, case.at), SECONDS)
            strike(case.fault, stage, run)
    return time.monotonic()


def _recover(case: Case, stage: Stage, operator: subprocess.Popen[bytes]) -> None:
    """What happens by itself: a kubelet starts operators again, what was away comes back."""
    match case.fault:
        case Fault.OPERATOR:
            stage.operator()
        case Fault.NODE:
            stage.operator(elsewhere=True)
        case Fault.FROZEN:
            before = stage.holder()
            stage.operator()
            eventually(lambda: stage.holder() != before, 120)
            operator.send_signal(signal.SIGCONT)  # now there are two
        case Fault.API | Fault.RIGHTS:
            time.sleep(AWAY_SECONDS[case.fault])
            give_back(stage)
            stage.restart_if_it_ends(operator)


def _is_at(stage: Stage, run: str, step: str) -> bool:
    """At that step, or past it: some take less than a look."""
    status = stage.site.get("rcr", run).get("status", {})
    window = status.get("garbageCollection", {}).get("step")
    reached = {STEPS.index(each) for each in (f"run:{status.get('step')}", f"window:{window}") if each in STEPS}
    return max(reached, default=-1) >= STEPS.index(step)


def _problems(told: Told, stage: Stage, operator: subprocess.Popen[bytes], collectors: Collectors) -> Iterator[str]:
    fault, site, builds = told.case.fault, stage.site, stage.builds
    if collectors.most(stage.watch.pods) > 1:
        yield "two garbage collections at once"
    if fault in _ALL_WELL and told.ended not in {"Collected", *_MAY_FAIL.get(fault, ())}:
        yield f"the run ended {told.ended}"
    if fault is Fault.FROZEN:
        yield from _ends(operator)
        yield from _left_on_the_workload(stage)
    builds.pull_kept()
    if told.ended == "Collected" and site.blobs() != sizes(builds.kept):
        yield "the volume does not hold exactly what the kept images need"
    fill(site)


def _left_on_the_workload(stage: Stage) -> Iterator[str]:
    workload = json.dumps(stage.workload())
    if "READONLY" in workload or "regsweep.dev/maintenance" in workload:
        yield "something of the window is left on the workload"


def _ends(operator: subprocess.Popen[bytes]) -> Iterator[str]:
    try:
        operator.wait(60)
    except subprocess.TimeoutExpired:
        yield "the frozen operator works on beside its successor"


def _still_at_work(operator: subprocess.Popen[bytes]) -> Iterator[str]:
    if operator.poll() is not None:
        yield f"the operator ended with {operator.returncode}"
