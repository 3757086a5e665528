"""`RegistryCleanupPolicy`: what a cluster admin writes. The docstrings become the CRD's descriptions."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StrictBool, field_validator, model_validator

from regsweep.api.meta import API_VERSION, Conditions, Count, Model, ObjectMeta, StatusModel, Text, list_map
from regsweep.api.names import Cron, TimeZone
from regsweep.api.policy.bounds import GarbageCollection, Limits, Undo
from regsweep.api.policy.choices import Approval, CollectMode, InventoryKind, Mode
from regsweep.api.policy.protect import Protect
from regsweep.api.policy.registry import RegistrySpec
from regsweep.api.policy.rules import Rule, Untagged

# Said by pydantic and by the API server alike.
_COLLECTING_NEEDS_WORKLOAD = (
    "garbageCollection needs registry.workloadRef: name the Deployment or StatefulSet that runs the registry"
)
_UNTAGGED_NEEDS_STORAGE = "untagged needs registry.inventory Storage or Auto: the API does not list untagged manifests"


class PolicySpec(Model):
    """What to clean, when, and within which bounds."""

    schedule: Cron | None = None
    """Five cron fields. Without it, runs are made by hand: `kubectl create` a RegistryCleanupRun."""
    time_zone: TimeZone = "Etc/UTC"
    """An IANA name, as Europe/Berlin."""
    suspend: StrictBool = False
    """No new scheduled run is made. A run that has begun goes on."""
    starting_deadline_seconds: Annotated[int, Field(strict=True, ge=1, le=604_800)] = 3600
    """A scheduled run that could not begin within this time is skipped."""
    mode: Mode = Mode.DRY_RUN
    """DryRun only plans. Nothing is deleted before this says Delete."""
    approval: Approval = Approval.AUTOMATIC
    """Manual: every run waits until its plan is approved."""
    registry: RegistrySpec
    rules: Annotated[tuple[Rule, ...], Field(max_length=50, json_schema_extra=list_map("name"))] = ()
    """In order: the first rule that selects a tag decides about it. A tag that no rule selects is kept."""
    untagged: Untagged | None = None
    protect: Protect = Protect()
    limits: Limits = Limits()
    garbage_collection: GarbageCollection = GarbageCollection()
    undo: Undo = Undo()
    successful_runs_history_limit: Annotated[int, Field(strict=True, ge=0, le=100)] = 3
    """How many successful runs are kept."""
    failed_runs_history_limit: Annotated[int, Field(strict=True, ge=0, le=100)] = 3
    """How many failed runs are kept."""

    @field_validator("rules")
    @classmethod
    def _rule_names_are_unique(cls, value: tuple[Rule, ...]) -> tuple[Rule, ...]:
        names = [rule.name for rule in value]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two rules are called {twice[0]!r}: give each its own name")
        return value

    @model_validator(mode="after")
    def _collecting_needs_the_workload(self) -> Self:
        if self.garbage_collection.mode is not CollectMode.DISABLED and self.registry.workload_ref is None:
            raise ValueError(_COLLECTING_NEEDS_WORKLOAD)
        return self

    @model_validator(mode="after")
    def _untagged_needs_the_storage(self) -> Self:
        if self.untagged is not None and self.registry.inventory is InventoryKind.API:
            raise ValueError(_UNTAGGED_NEEDS_STORAGE)
        return self

    cel: ClassVar[tuple[tuple[str, str], ...]] = (
        (
            "self.garbageCollection.mode == 'Disabled' || has(self.registry.workloadRef)",
            _COLLECTING_NEEDS_WORKLOAD,
        ),
        ("!has(self.untagged) || self.registry.inventory != 'API'", _UNTAGGED_NEEDS_STORAGE),
    )


class LastRun(StatusModel):
    """How the newest finished run ended."""

    name: Annotated[str, Field(max_length=253)]
    result: Annotated[str, Field(max_length=63)]
    deleted: Count = 0
    reclaimed_bytes: Count | None = None
    """Absent where nothing was collected, or where its bytes could not be measured."""


class PolicyStatus(StatusModel):
    """What the operator knows about the policy."""

    observed_generation: Count = 0
    conditions: Conditions = ()
    next_schedule_time: Text | None = None
    """A string, because a date column in the future prints as invalid."""
    next_collect_time: Text | None = None
    last_schedule_time: datetime | None = None
    last_collect_schedule_time: datetime | None = None
    last_successful_time: datetime | None = None
    last_run: LastRun | None = None


class RegistryCleanupPolicy(StatusModel):
    """A policy as it stands in a file or in the cluster."""

    api_version: Literal["regsweep.dev/v1alpha1"] = API_VERSION  # type: ignore[assignment]
    kind: Literal["RegistryCleanupPolicy"] = "RegistryCleanupPolicy"
    metadata: ObjectMeta
    spec: PolicySpec
    status: PolicyStatus = PolicyStatus()
