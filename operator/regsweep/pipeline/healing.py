"""Around the sweep: what clients push meanwhile is heard, and what was lost of it is put back (the retag race)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from regsweep.core.inventory import Finding
from regsweep.core.keepsake import Saved
from regsweep.core.lost import HEALED, Traces
from regsweep.core.oci import Digest
from regsweep.core.outcome import Result
from regsweep.core.plan import Plan
from regsweep.core.ports import Heard
from regsweep.core.registry_log import ManifestRequest, Method
from regsweep.core.restoration import Put, PutOutcome
from regsweep.errors import ClusterError, KeepsakeUnreadable, RegistryError, RegistryReadOnly, StorageUnavailable
from regsweep.pipeline.ports import Ports
from regsweep.pipeline.state import RunState
from regsweep.steps.lost import Found, Search, find_lost, lost
from regsweep.steps.restore import Restorer, restore
from regsweep.steps.storage import read_traces
from regsweep.steps.sweep import Swept

UNHEARD = "sweep.unheard"


@dataclass(frozen=True, slots=True)
class Ears:
    """What hears the registry; where that is None, `why` says so."""

    heard: Heard | None
    why: str = ""


@contextmanager
def listening(plan: Plan, ports: Ports) -> Iterator[Ears]:
    """From now on, where that can be. Nothing that is missing for it stops a sweep."""
    if ports.listen is None:
        yield Ears(None, ports.listen_missing)
        return
    with ExitStack() as stack:
        try:
            ears = Ears(stack.enter_context(ports.listen({action.repository for action in plan.actions})))
        except ClusterError as error:
            ears = Ears(None, str(error))
        yield ears


def heal(state: RunState, plan: Plan, swept: Swept, ears: Ears) -> None:
    """Put back what can be told, and say the rest. What stays lost keeps the registry from being collected."""
    deleted = {(o.action.repository, o.action.digest) for o in swept.outcomes if o.result is Result.DELETED}
    if not deleted:
        return
    requests, why = _requests(ears, deleted)
    if why:
        message = f"a tag that is pushed in the very moment of a deletion may be lost, and nobody would see it: {why}"
        state.findings.append(Finding(UNHEARD, "", "", message))
    ports = state.ports
    found = find_lost(swept.aftermaths, requests, Search(ports.reader, _traces(ports), _kept(plan, ports)))
    unsure = [*found.unsure, *(_put_back(state, found) if found.tags else ())]
    state.unhealed = len(unsure)
    state.findings.extend([*found.findings, *unsure])


def _requests(ears: Ears, deleted: set[tuple[str, Digest]]) -> tuple[Sequence[ManifestRequest] | None, str]:
    """What was heard, and why that is not all; "" where it is."""
    if ears.heard is None:
        return None, ears.why
    try:
        requests = ears.heard.requests(deleted)
    except ClusterError as error:
        return None, str(error)
    shown = {(r.repository, Digest(r.reference)) for r in requests if r.method is Method.DELETE}
    if deleted <= shown:
        return requests, ""
    return requests, (
        f"the registry's log shows {len(deleted & shown)} of {len(deleted)} deletions. Set log.level to info, or leave "
        "log.accesslog on, and look whether lines are lost"
    )


def _traces(ports: Ports) -> Callable[[str], Traces]:
    def traces(repository: str) -> Traces:
        if ports.storage is None:
            raise StorageUnavailable(ports.storage_missing)
        return read_traces(ports.storage(), repository, ports.stop)

    return traces


def _kept(plan: Plan, ports: Ports) -> Callable[[], Iterable[Saved]]:
    return lambda: ports.keepsakes.kept(Digest(plan.digest)) or ()


def _put_back(state: RunState, found: Found) -> Iterator[Finding]:
    """Findings: of each tag that is there again in the run's record; of each that stays lost, here."""
    ports, concurrency = state.ports, state.request.policy.spec.limits.concurrency
    try:
        if ports.putter is None:
            raise RegistryReadOnly("nothing can be put back from here")
        work = Restorer(ports.putter(), concurrency, ports.stop, ports.progress, _nobody)
        outcomes = restore(found.saved, found.images, work).outcomes
    except (RegistryError, RegistryReadOnly, KeepsakeUnreadable) as error:
        yield from (lost(*place, f"it named {digest}: {error}") for place, digest in found.tags.items())
        return
    for outcome in outcomes:
        if found.tags.get((outcome.repository, outcome.tag)) != outcome.digest:
            continue
        if outcome.result is Put.FAILED:
            yield lost(outcome.repository, outcome.tag, f"it named {outcome.digest}: {outcome.message}")
        elif outcome.result is not Put.SKIPPED:
            place = outcome.repository, outcome.tag
            lacked = "was left without its manifest" if place in found.bare else "was pushed, and lost"
            message = f"{lacked} while the registry deleted; it names {outcome.digest} again"
            state.findings.append(Finding(HEALED, *place, message))


def _nobody(outcomes: Sequence[PutOutcome]) -> None:
    """The findings say it."""
