"""The undo: put back what a run deleted, prove that it is whole, say what became of each part (S12)."""

from __future__ import annotations

from regsweep.api.run import RunStep
from regsweep.core.outcome import RunRecord
from regsweep.core.restoration import Image, Put
from regsweep.errors import (
    AlreadyCollected,
    InvalidInput,
    NothingToRestore,
    RegistryReadOnly,
    RestoreIncomplete,
)
from regsweep.pipeline.state import RunState
from regsweep.steps.restore import Looked, Looker, Restored, Restorer, look, restore
from regsweep.steps.verify import Verifier, verify


def put_back(state: RunState) -> RunRecord:
    """The record, with the reason Restored; the same run again goes on where it was interrupted.

    Raises before anything is put: AlreadyCollected, NothingToRestore, RegistryReadOnly, KeepsakeUnreadable. Raises
    RestoreIncomplete after all the rest was put back.
    """
    ports, images = state.ports, state.request.restore or ()
    kept = ports.keepsakes.source()
    ports.reader.ping()
    if ports.reader.writable() is False:
        raise RegistryReadOnly(
            "the registry is in read-only mode, so nothing can be put back: wait until its maintenance is over, or "
            "lift it"
        )
    if ports.putter is None:
        raise InvalidInput("nothing can be put back from here")
    putter, concurrency = ports.putter(), state.request.policy.spec.limits.concurrency
    ports.journal.enter(RunStep.RESTORING)
    _refuse(look(kept, images, Looker(putter, concurrency, ports.stop, ports.progress)), images)
    work = Restorer(putter, concurrency, ports.stop, ports.progress, ports.journal.restored)
    state.restored = restore(ports.keepsakes.source(), images, work)
    ports.journal.enter(RunStep.VERIFYING)
    _prove(state, state.restored)
    if failed := [outcome for outcome in state.restored.outcomes if outcome.result is Put.FAILED]:
        first = failed[0]
        raise RestoreIncomplete(
            f"{len(failed)} of {len(state.restored.outcomes)} manifests and tags could not be put back; "
            f"{first.repository}:{first.tag or first.digest}: {first.message}"
        )
    return state.success("Restored")


def _refuse(looked: Looked, images: tuple[Image, ...]) -> None:
    """Return where all can come back. One missing layer tells of a collection: then nothing is put at all."""
    if not looked.manifests:
        asked = ", ".join(map(str, images))
        raise NothingToRestore(f"the keepsake holds nothing of {asked}" if asked else "the keepsake is empty")
    if looked.lost:
        first = looked.lost[0]
        name = f"{first.repository}:{first.tags[0]}" if first.tags else f"{first.repository}@{first.digest}"
        raise AlreadyCollected(
            f"nothing was put back: a garbage collection ran since the deletion. {len(looked.lost)} of "
            f"{looked.manifests} manifests have lost a config or a layer; of {name}, {first.missing} is not in the "
            "registry any more. Push those images again; what is still whole comes back if you name it"
        )


def _prove(state: RunState, restored: Restored) -> None:
    ports = state.ports
    work = Verifier(ports.reader, state.request.policy.spec.limits.concurrency, ports.stop, ports.progress)
    state.verification = verify(restored.census, work, blobs=True, lost=())
    state.findings.extend(state.verification.findings)
    if broken := state.verification.findings:
        first = ", ".join(f"{finding.repository}@{finding.reference}" for finding in broken[:3])
        raise RestoreIncomplete(f"{len(broken)} parts of what was put back are not there: {first}")
