"""Whether a run can be undone, as its object says."""

from __future__ import annotations

from typing import Any

import pytest

from regsweep.api.run import RegistryCleanupRun
from regsweep.core.undo import undo_of
from regsweep.errors import AlreadyCollected, InvalidInput, NothingToRestore, Refused, RegsweepError

ENDED = {"type": "Complete", "status": "True", "reason": "Deleted", "lastTransitionTime": "2026-11-23T03:00:00Z"}
FAILED = {**ENDED, "type": "Failed", "reason": "DeadlineExceeded"}
GOING = {**ENDED, "status": "False"}
UNDO: dict[str, Any] = {"configMaps": ["a-keepsake-0"], "manifests": 3}


def run(*conditions: dict[str, Any], policy: str = "nightly", **undo: Any) -> RegistryCleanupRun:
    status: dict[str, Any] = {"conditions": conditions, **({"undo": undo} if undo else {})}
    spec = {"policyRef": {"name": policy}}
    return RegistryCleanupRun.model_validate({"metadata": {"name": "a"}, "spec": spec, "status": status})


@pytest.mark.parametrize("end", [ENDED, FAILED], ids=["complete", "failed on the way"])
def test_a_run_that_ended_can_be_undone(end: dict[str, Any]) -> None:
    assert undo_of(run(end, **UNDO), "nightly").config_maps == ("a-keepsake-0",)


@pytest.mark.parametrize(
    ("found", "error", "words"),
    [
        pytest.param(run(ENDED, policy="weekly", **UNDO), InvalidInput, "one of policy weekly", id="another policy"),
        pytest.param(run(GOING, **UNDO), Refused, "has not ended", id="goes on"),
        pytest.param(run(ENDED), NothingToRestore, "kept nothing", id="nothing kept"),
        pytest.param(
            run(ENDED, endedAt="2026-11-24T04:00:00Z", endedBy="nightly-collect"),
            AlreadyCollected,
            "run nightly-collect collected the registry's garbage at 2026-11-24 04:00 UTC",
            id="collected",
        ),
    ],
)
def test_why_one_cannot(found: RegistryCleanupRun, error: type[RegsweepError], words: str) -> None:
    with pytest.raises(error, match=words):
        undo_of(found, "nightly")
