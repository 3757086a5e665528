"""What is taken away, and when: one row a case, all of them on both registries."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

VERSIONS = ("2.8", "3")

STEPS = (
    "run:Scanning", "run:Planned", "run:Sweeping", "run:Collecting",
    "window:Entering", "window:DryRunning", "window:Collecting", "window:Stopping", "window:Lifting", "window:Finished",
    "run:Verifying", "run:Finished",
)  # fmt: skip
"""Every step that a run writes ahead, in its order."""


class Fault(StrEnum):
    OPERATOR = "operator killed"
    POD = "registry pod killed"
    RUN = "run deleted"
    POLICY = "policy deleted"
    GITOPS = "manifest replaced"
    API = "Kubernetes API away"


@dataclass(frozen=True, slots=True)
class Case:
    """`at` is a step, for the operator with `before:` or `after:`."""

    version: str
    fault: Fault
    at: str

    def __str__(self) -> str:
        return f"{self.version:4} {self.fault:20} {self.at}"


def _of(version: str) -> tuple[Case, ...]:
    killed = [Case(version, Fault.OPERATOR, f"{moment}:{step}") for step in STEPS for moment in ("before", "after")]
    hurts = [
        *(Case(version, Fault.POD, step) for step in ("window:Entering", "window:DryRunning", "window:Collecting")),
        *(Case(version, Fault.RUN, step) for step in ("run:Sweeping", "window:Entering", "window:Collecting")),
        *(Case(version, Fault.POLICY, step) for step in ("run:Sweeping", "window:DryRunning")),
        *(Case(version, Fault.GITOPS, step) for step in ("window:Entering", "window:Collecting", "window:Lifting")),
        *(Case(version, Fault.API, step) for step in ("window:Entering", "window:Collecting", "window:Lifting")),
    ]
    return (*killed, *hurts)


ALL = tuple(case for version in VERSIONS for case in _of(version))
ALONE = tuple(case for case in ALL if case.fault is Fault.API)
"""They take something from everybody."""

_TELLING = {
    "2.8": ("after:run:Sweeping", "before:window:DryRunning", "after:window:Collecting", "after:window:Lifting",
            "before:window:Finished"),
    "3": ("after:window:Entering", "before:window:Collecting", "after:window:Stopping", "before:window:Lifting",
          "before:run:Verifying", "before:run:Finished"),
}  # fmt: skip
QUARTER = (
    *(Case(version, Fault.OPERATOR, at) for version, points in _TELLING.items() for at in points),
    Case("3", Fault.POD, "window:Collecting"),
    Case("2.8", Fault.POD, "window:DryRunning"),
    Case("2.8", Fault.RUN, "window:Entering"),
    Case("3", Fault.RUN, "run:Sweeping"),
    Case("3", Fault.RUN, "window:Collecting"),
    Case("3", Fault.POLICY, "window:DryRunning"),
    Case("2.8", Fault.GITOPS, "window:Collecting"),
    Case("3", Fault.API, "window:Lifting"),
)
"""What CI tries: a quarter of all, where each recovery is another one."""
