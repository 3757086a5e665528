"""`RegistryCleanupRun`: one run of a policy, as a Job is one run of a CronJob. Owned by its policy."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from regsweep.api.meta import API_VERSION, Conditions, Count, Model, ObjectMeta, StatusModel, Text
from regsweep.api.names import Name, Sha256
from regsweep.api.policy import Mode

# Said by pydantic and by the API server alike.
_RESTORES_ALONE = "a run with restoreFrom only restores: leave mode, collect and approvedPlan out"
_SAME_RESTORE = (
    "has(self.restoreFrom) == has(oldSelf.restoreFrom) "
    "&& (!has(self.restoreFrom) || self.restoreFrom == oldSelf.restoreFrom)"
)


class Collect(StrEnum):
    """Whether a run ends with a garbage collection."""

    AUTO = "Auto"
    SKIP = "Skip"
    ONLY = "Only"


class PolicyRef(Model):
    """A policy in the run's namespace."""

    name: Name
    """Its name."""


ImageText = Annotated[str, Field(min_length=1, max_length=512)]


class RestoreFrom(Model):
    """Put back what a run deleted: possible until the next garbage collection of its registry."""

    name: Name
    """The run that deleted it, of the same policy."""
    images: Annotated[tuple[ImageText, ...], Field(max_length=100)] = ()
    """Only these, as team/app, team/app:v1 or team/app@sha256:...; without it, all."""


class RunSpec(Model):
    """What to do now. `kubectl create` one to run a policy at once."""

    policy_ref: PolicyRef
    mode: Mode | None = None
    """Without it, the policy's mode."""
    collect: Collect = Collect.AUTO
    """Auto: as the policy says. Skip: no collection in this run. Only: nothing is deleted, only collected."""
    approved_plan: Sha256 | None = None
    """The digest of the plan that a person looked at: `status.plan.digest`."""
    restore_from: RestoreFrom | None = None
    """Nothing is deleted or collected: what that run deleted is put back."""

    @model_validator(mode="after")
    def _a_restore_does_nothing_else(self) -> Self:
        other = self.mode is not None or self.collect is not Collect.AUTO or self.approved_plan is not None
        if self.restore_from is not None and other:
            raise ValueError(_RESTORES_ALONE)
        return self

    cel: ClassVar[tuple[tuple[str, str], ...]] = (
        (
            "self.policyRef == oldSelf.policyRef && self.collect == oldSelf.collect",
            "a run does not change what it does: delete it and create another; only approvedPlan may be set later",
        ),
        (
            "has(self.mode) == has(oldSelf.mode) && (!has(self.mode) || self.mode == oldSelf.mode)",
            "a run does not change its mode: delete it and create another",
        ),
        (
            _SAME_RESTORE,
            "a run does not change what it restores: delete it and create another",
        ),
        (
            "!has(self.restoreFrom) || (!has(self.mode) && self.collect == 'Auto' && !has(self.approvedPlan))",
            _RESTORES_ALONE,
        ),
    )


class RunStep(StrEnum):
    """Where a run is. Written before the step's first effect."""

    PENDING = "Pending"
    SCANNING = "Scanning"
    PLANNED = "Planned"
    AWAITING_APPROVAL = "AwaitingApproval"
    ENABLING_DELETE = "EnablingDelete"
    KEEPING = "Keeping"
    SWEEPING = "Sweeping"
    RESTORING = "Restoring"
    COLLECTING = "Collecting"
    VERIFYING = "Verifying"
    FINISHED = "Finished"


class PlanStatus(StatusModel):
    """The plan of the run, in numbers; the plan itself is in the ConfigMaps."""

    digest: Sha256
    created_at: datetime
    expires_at: datetime
    config_maps: Annotated[tuple[Annotated[str, Field(max_length=253)], ...], Field(max_length=64)] = ()
    inventory: Text = ""
    """How the registry was read: Storage or API."""
    inventory_reason: Annotated[str, Field(max_length=1024)] = ""
    """Why it was read that way."""
    repositories: Count = 0
    manifests: Count = 0
    """Manifests that were read, of which `deletions` go."""
    tags: Count = 0
    deletions: Count = 0
    deleted_tags: Count = 0
    bytes: Count = 0
    bytes_are_upper_bound: bool = False


class DeletionStatus(StatusModel):
    """What became of the plan's actions."""

    deleted: Count = 0
    gone: Count = 0
    skipped: Count = 0
    failed: Count = 0
    tags: Count = 0


class UndoStatus(StatusModel):
    """What was kept before the deletions, so that they can be undone until the registry is collected."""

    config_maps: Annotated[tuple[Annotated[str, Field(max_length=253)], ...], Field(max_length=64)] = ()
    """The ConfigMaps that hold it, in order; none where it has ended."""
    registry: Text = ""
    """The registry's URL. With the workload it tells which collections end the undo."""
    workload: Text = ""
    """What runs the registry, as Deployment/registry; empty where the policy names none."""
    manifests: Count = 0
    """That are kept."""
    tags: Count = 0
    """That pointed at them."""
    kept_at: datetime | None = None
    ended_at: datetime | None = None
    """When a collection took what could have been put back."""
    ended_by: Text = ""
    """The run that collected."""


class RestorationStatus(StatusModel):
    """What became of a restore."""

    manifests: Count = 0
    """That were put back."""
    tags: Count = 0
    """That were put back."""
    present: Count = 0
    """Manifests and tags that were there already."""
    skipped: Count = 0
    """Tags that name something else by now."""
    failed: Count = 0


class CollectionStatus(StatusModel):
    """The maintenance window. `step` and the facts beside it are written before each effect: a restart goes on."""

    step: Text = ""
    outcome: Text = ""
    message: Annotated[str, Field(max_length=2048)] = ""
    started_at: datetime | None = None
    finished_at: datetime | None = None
    deadline: datetime | None = None
    workload_uid: Text = ""
    pod: Text = ""
    pod_uid: Text = ""
    container_id: Text = ""
    endpoint: Text = ""
    """Where each pod's registry answers: a URL with `{}` for the pod's address."""
    work_dir: Text = ""
    """Where the collector's log, pid and exit code are kept in the pod."""
    root: Text = ""
    """The storage root in the pod, where a shell there reaches it."""
    job: Text = ""
    """The Job that collects, where no shell in the pod can."""
    without_redis: bool = False
    """The registry's blob cache is in Redis; in the window its replicas do without it."""
    attempts: Count = 0
    """Dry runs begun."""
    collect_started_at: datetime | None = None
    """When the first collection that may have deleted something was begun."""
    stale_pods: Annotated[tuple[Annotated[str, Field(max_length=64)], ...], Field(max_length=256)] = ()
    """UIDs of the pods that were up while garbage-collect ran: none of them may accept writes again."""
    blobs_marked: Count = 0
    blobs_expected: Count = 0
    blobs_eligible: Count = 0
    """What the dry run said that would go."""
    blobs_deleted: Count = 0
    """Swept so far."""
    manifests_deleted: Count = 0
    repositories_removed: Count = 0
    """Empty ones."""
    bytes_before: Count | None = None
    """Absent, as the two below, where no shell in the pod reaches the store: nothing measures it."""
    bytes_after: Count | None = None
    reclaimed_bytes: Count | None = None
    write_blocked_seconds: Count = 0
    collector_seconds: Count = 0
    """What garbage-collect itself took of it, as it was watched: its dry run and its run. The rest is rollouts."""


class VerificationStatus(StatusModel):
    """The proof that every kept image is whole."""

    images: Count = 0
    blobs: Count = 0
    damaged: Count = 0
    damaged_images: Annotated[tuple[Annotated[str, Field(max_length=512)], ...], Field(max_length=100)] = ()


class ReportStatus(StatusModel):
    """Where the run's record is: what goes, what stays and why; after its end, what became of it. Read by
    `regsweep report`."""

    config_maps: Annotated[tuple[Annotated[str, Field(max_length=253)], ...], Field(max_length=64)] = ()
    """The ConfigMaps that hold it, in order."""


class RunStatus(StatusModel):
    """What has happened so far."""

    observed_generation: Count = 0
    step: RunStep = RunStep.PENDING
    conditions: Conditions = ()
    started_at: datetime | None = None
    finished_at: datetime | None = None
    mode: Mode | None = None
    plan: PlanStatus | None = None
    undo: UndoStatus | None = None
    deletion: DeletionStatus | None = None
    restoration: RestorationStatus | None = None
    garbage_collection: CollectionStatus | None = None
    verification: VerificationStatus | None = None
    report: ReportStatus | None = None


class RegistryCleanupRun(StatusModel):
    """A run as it stands in the cluster."""

    api_version: Literal["regsweep.dev/v1alpha1"] = API_VERSION  # type: ignore[assignment]
    kind: Literal["RegistryCleanupRun"] = "RegistryCleanupRun"
    metadata: ObjectMeta
    spec: RunSpec
    status: RunStatus = RunStatus()
