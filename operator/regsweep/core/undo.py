"""Whether what a run deleted can still be put back, as its object says. Pure."""

from __future__ import annotations

from regsweep.api.run import RegistryCleanupRun, UndoStatus
from regsweep.errors import AlreadyCollected, InvalidInput, NothingToRestore, Refused

_ENDS = ("Complete", "Failed")


def undo_of(run: RegistryCleanupRun, policy: str) -> UndoStatus:
    """Where its keepsake is. Raises InvalidInput for a run of another policy, Refused for one that has not ended,
    NothingToRestore where nothing was kept, and AlreadyCollected where it has ended with a collection.
    """
    name, undo = run.metadata.name, run.status.undo
    if run.spec.policy_ref.name != policy:
        raise InvalidInput(
            f"run {name} is one of policy {run.spec.policy_ref.name}, not of {policy}: name that one in spec.policyRef"
        )
    if not any(one.type in _ENDS and one.status == "True" for one in run.status.conditions):
        raise Refused(f"run {name} has not ended yet: wait for its end, or delete it")
    if undo is None:
        raise NothingToRestore(
            f"run {name} kept nothing: it deleted nothing, or its policy had spec.undo.enabled: false"
        )
    if undo.ended_at is not None:
        raise AlreadyCollected(
            f"what run {name} deleted cannot come back: run {undo.ended_by} collected the registry's garbage at "
            f"{undo.ended_at:%Y-%m-%d %H:%M} UTC. Push the images again"
        )
    return undo
