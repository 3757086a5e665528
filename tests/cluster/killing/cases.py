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


ROW = "kill"
"""The property of a test's report that holds its row."""


class Fault(StrEnum):
    OPERATOR = "operator killed"
    NODE = "operator's node gone"
    FROZEN = "operator frozen"
    POD = "registry pod killed"
    RUN = "run deleted"
    POLICY = "policy deleted"
    GITOPS = "manifest replaced"
    RIGHTS = "rights taken"
    PASSWORD = "password changed"
    NAMESPACE = "namespace deleted"
    API = "Kubernetes API away"


OF_THE_OPERATOR = (Fault.OPERATOR, Fault.NODE, Fault.FROZEN)
"""It does that to itself, at a write of its own."""


@dataclass(frozen=True, slots=True)
class Case:
    """`at` is a step; for what the operator does to itself, `before:` or `after:` its write of one."""

    version: str
    fault: Fault
    at: str

    def __str__(self) -> str:
        return f"{self.version:4} {self.fault:20} {self.at}"


_HURTS = {
    Fault.NODE: ("after:window:Collecting", "before:window:Lifting"),
    Fault.FROZEN: (
        "after:run:Sweeping",
        "before:window:Collecting",
        "after:window:Collecting",
        "before:window:Lifting",
    ),
    Fault.POD: ("window:Entering", "window:DryRunning", "window:Collecting"),
    Fault.RUN: ("run:Sweeping", "window:Entering", "window:Collecting"),
    Fault.POLICY: ("run:Sweeping", "window:DryRunning"),
    Fault.GITOPS: ("window:Entering", "window:Collecting", "window:Lifting"),
    Fault.RIGHTS: ("run:Sweeping", "window:Entering", "window:Collecting", "window:Lifting"),
    Fault.PASSWORD: ("run:Sweeping", "window:Collecting"),
    Fault.NAMESPACE: ("run:Sweeping", "window:Entering", "window:Collecting"),
    Fault.API: ("window:Entering", "window:Collecting", "window:Lifting"),
}


def _of(version: str) -> tuple[Case, ...]:
    killed = [Case(version, Fault.OPERATOR, f"{moment}:{step}") for step in STEPS for moment in ("before", "after")]
    return (*killed, *(Case(version, fault, step) for fault, steps in _HURTS.items() for step in steps))


ALL = tuple(case for version in VERSIONS for case in _of(version))

_TELLING = {
    "2.8": ("after:run:Sweeping", "before:window:DryRunning", "after:window:Collecting", "after:window:Lifting",
            "before:window:Finished"),
    "3": ("after:window:Entering", "before:window:Collecting", "after:window:Stopping", "before:window:Lifting",
          "before:run:Verifying", "before:run:Finished"),
}  # fmt: skip
QUARTER = (
    *(Case(version, Fault.OPERATOR, at) for version, points in _TELLING.items() for at in points),
    Case("2.8", Fault.NODE, "before:window:Lifting"),
    Case("2.8", Fault.FROZEN, "after:window:Collecting"),
    Case("3", Fault.FROZEN, "before:window:Lifting"),
    Case("3", Fault.POD, "window:Collecting"),
    Case("2.8", Fault.POD, "window:DryRunning"),
    Case("2.8", Fault.RUN, "window:Entering"),
    Case("3", Fault.RUN, "run:Sweeping"),
    Case("3", Fault.RUN, "window:Collecting"),
    Case("3", Fault.POLICY, "window:DryRunning"),
    Case("2.8", Fault.GITOPS, "window:Collecting"),
    Case("2.8", Fault.RIGHTS, "window:Collecting"),
    Case("3", Fault.RIGHTS, "window:Lifting"),
    Case("3", Fault.PASSWORD, "run:Sweeping"),
    Case("3", Fault.NAMESPACE, "window:Collecting"),
    Case("2.8", Fault.NAMESPACE, "window:Entering"),
    Case("3", Fault.API, "window:Lifting"),
)
"""What CI tries: a quarter of all, where each recovery is another one."""
