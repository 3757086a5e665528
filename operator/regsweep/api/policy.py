"""`RegistryCleanupPolicy`: what a cluster admin writes. The docstrings below become the CRD's descriptions."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StrictBool, field_validator, model_validator

from regsweep.api.meta import API_VERSION, Conditions, Count, Model, ObjectMeta, StatusModel, Text, list_map, no_default
from regsweep.api.names import (
    Alias,
    Cron,
    ImagePath,
    Key,
    Label,
    Name,
    RegistryURL,
    ResourceKind,
    ResourceVersion,
    TimeZone,
)
from regsweep.api.scalars import Duration, GroupPattern, Pattern, PositiveDuration, Quantity

Patterns = Annotated[tuple[Pattern, ...], Field(min_length=1, max_length=100)]
OptionalPatterns = Annotated[tuple[Pattern, ...], Field(max_length=100)]

# Said by pydantic and by the API server alike.
_ENABLING_NEEDS_WORKLOAD = "enableDelete needs workloadRef: name the Deployment or StatefulSet that runs the registry"
_NOTHING_KEPT = "a rule must say what it keeps: set keep.latest or keep.youngerThan"
_LATEST_ZERO = "keep.latest: 0 alone would delete every image that the rule selects: set keep.youngerThan with it"
_NOTHING_ORDERED = "orderBy and per order what keep.latest counts: set keep.latest, or leave them out"
_SCHEDULE_NEEDS_MODE = "a schedule needs a mode: set garbageCollection.mode to ReadOnly, or remove the schedule"
_COLLECTING_NEEDS_WORKLOAD = (
    "garbageCollection needs registry.workloadRef: name the Deployment or StatefulSet that runs the registry"
)
_UNTAGGED_NEEDS_STORAGE = "untagged needs registry.inventory Storage or Auto: the API does not list untagged manifests"


class Mode(StrEnum):
    DRY_RUN = "DryRun"
    DELETE = "Delete"


class Approval(StrEnum):
    AUTOMATIC = "Automatic"
    MANUAL = "Manual"


class InventoryKind(StrEnum):
    AUTO = "Auto"
    API = "API"
    STORAGE = "Storage"


class OrderBy(StrEnum):
    PUSH_TIME = "PushTime"
    CREATED_TIME = "CreatedTime"
    SEMVER = "SemVer"
    NUMERIC = "Numeric"
    ALPHABETICAL = "Alphabetical"


class CollectMode(StrEnum):
    DISABLED = "Disabled"
    READ_ONLY = "ReadOnly"
    UNPROTECTED = "Unprotected"


class SecretRef(Model):
    """A Secret in the policy's namespace."""

    name: Name
    """Its name."""


class CABundleRef(Model):
    """A key of a ConfigMap or Secret in the policy's namespace that holds PEM certificates."""

    kind: Literal["ConfigMap", "Secret"] = "ConfigMap"
    """What holds them."""
    name: Name
    """Its name."""
    key: Key = "ca.crt"
    """The key whose value is the certificates."""


class WorkloadRef(Model):
    """The workload that runs the registry, in the policy's namespace."""

    kind: Literal["Deployment", "StatefulSet"] = "Deployment"
    """What runs the registry."""
    name: Name
    """Its name."""
    container: Label = "registry"
    """The container that runs the registry."""


class RegistrySpec(Model):
    """Which registry, and how to reach it."""

    url: RegistryURL
    """Where the registry answers, as `http://registry.registry.svc:5000`. No user name or password in it."""
    aliases: Annotated[tuple[Alias, ...], Field(max_length=32)] = ()
    """Other names under which workloads pull from this registry: `host`, `host:port`, or with a path."""
    credentials_secret_ref: SecretRef | None = None
    """A Secret of type kubernetes.io/dockerconfigjson or kubernetes.io/basic-auth."""
    ca_bundle_ref: CABundleRef | None = None
    """Certificates to trust besides the system's."""
    insecure_skip_tls_verify: Annotated[bool, Field(strict=True, alias="insecureSkipTLSVerify")] = False
    """Accept any certificate. Whoever sits between can then read the credentials."""
    workload_ref: WorkloadRef | None = None
    """The registry's Deployment or StatefulSet. Needed for garbage collection and for `enableDelete`."""
    enable_delete: StrictBool = False
    """Where deletes are switched off, switch them on in the workload (own field manager, rollout, proof)."""
    inventory: InventoryKind = InventoryKind.AUTO
    """How the registry is read: over its API, from its storage, or whichever can be had."""

    @model_validator(mode="after")
    def _enable_delete_needs_the_workload(self) -> Self:
        if self.enable_delete and self.workload_ref is None:
            raise ValueError(_ENABLING_NEEDS_WORKLOAD)
        return self

    cel: ClassVar[tuple[tuple[str, str], ...]] = (
        (
            "!self.enableDelete || has(self.workloadRef)",
            _ENABLING_NEEDS_WORKLOAD,
        ),
    )


class RepositorySelector(Model):
    """Repositories by name. A repository is selected by any `include` that no `exclude` takes back."""

    include: Patterns = (Pattern("**"),)
    """Globs, or RE2 expressions between slashes. Without it, all repositories."""
    exclude: OptionalPatterns = ()
    """Globs, or RE2 expressions between slashes, of repositories that are not meant."""


class TagSelector(Model):
    """Tags by name. A tag is selected by any `include` that no `exclude` takes back."""

    include: Patterns = (Pattern("*"),)
    """Globs, or RE2 expressions between slashes. Without it, all tags."""
    exclude: OptionalPatterns = ()
    """Globs, or RE2 expressions between slashes, of tags that are not meant."""


class Keep(Model):
    """What a rule keeps of the tags that it selects. Any criterion that holds keeps."""

    latest: Annotated[int, Field(strict=True, ge=0, le=100_000)] | None = None
    """Keep this many images, the newest first. Several tags on one image count once."""
    order_by: Annotated[OrderBy, Field(json_schema_extra=no_default)] = OrderBy.PUSH_TIME
    """What newest means for `latest`."""
    per: GroupPattern | None = None
    """Keep `latest` images for each group of tags: /regex/ whose first group names it."""
    younger_than: PositiveDuration | None = None
    """Keep images younger than this, as `14d`."""

    @model_validator(mode="after")
    def _means_something(self) -> Self:
        if self.latest is None and self.younger_than is None:
            raise ValueError(_NOTHING_KEPT)
        if self.latest == 0 and self.younger_than is None:
            raise ValueError(_LATEST_ZERO)
        if self.latest is None and (self.per is not None or "order_by" in self.model_fields_set):
            raise ValueError(_NOTHING_ORDERED)
        return self

    cel: ClassVar[tuple[tuple[str, str], ...]] = (
        (
            "has(self.latest) || has(self.youngerThan)",
            _NOTHING_KEPT,
        ),
        (
            "!has(self.latest) || self.latest != 0 || has(self.youngerThan)",
            _LATEST_ZERO,
        ),
        (
            "has(self.latest) || (!has(self.per) && !has(self.orderBy))",
            _NOTHING_ORDERED,
        ),
    )


class Rule(Model):
    """One retention rule. The first rule that selects a tag decides about it; a tag that no rule selects is kept."""

    name: Label
    """Appears in every decision of this rule, as `expired.<name>`."""
    repositories: RepositorySelector = RepositorySelector()
    tags: TagSelector = TagSelector()
    keep: Keep


class Untagged(Model):
    """Manifests that no tag points to any more. Needs the storage inventory: the API does not list them."""

    older_than: Duration
    """Delete an untagged manifest when its last push is longer ago than this."""


class CustomResource(Model):
    """Where objects of another kind name images."""

    api_version: ResourceVersion
    """As its manifests say, such as argoproj.io/v1alpha1."""
    kind: ResourceKind
    """As its manifests say, such as Rollout."""
    path: ImagePath
    """A JSONPath of RFC 9535, as `$.spec.template.spec.containers[*].image`."""


class InUse(Model):
    """Never delete what workloads use or can roll back to."""

    scope: Literal["Cluster", "Namespace"] = "Cluster"
    """All namespaces, or the policy's own."""
    finished_for: Duration = Duration("24h")
    """A finished Job or Pod protects its images for this long."""
    custom_resources: Annotated[tuple[CustomResource, ...], Field(max_length=32)] = ()
    """Other kinds whose objects name images. What runs as a Pod is known without them."""


class Protect(Model):
    """What is kept whatever the rules say."""

    tags: OptionalPatterns = ()
    """Tags that are never deleted, in any repository: globs, or RE2 expressions between slashes."""
    repositories: OptionalPatterns = ()
    """Repositories in which nothing is deleted: globs, or RE2 expressions between slashes."""
    in_use: InUse | None = None
    """Images that workloads use. Without it, nobody asks the cluster; `inUse: {}` asks all of it."""


class Limits(Model):
    """Bounds of a run."""

    max_deletions: Annotated[int, Field(strict=True, ge=0, le=10_000_000)] = 5000
    """A plan that deletes more manifests, or more tags, waits for approval."""
    max_deletion_percent: Annotated[int, Field(strict=True, ge=0, le=100)] = 50
    """A plan that deletes a larger share of the manifests, or of the tags, that were read waits for approval."""
    minimum_age: Duration = Duration("1h")
    """Nothing younger is ever deleted; nor is anything of unknown age, unless this is 0s."""
    concurrency: Annotated[int, Field(strict=True, ge=1, le=64)] = 8
    """Requests to the registry at once. Deletes are serial within a repository."""
    requests_per_second: Annotated[int, Field(strict=True, ge=0, le=100_000)] = 0
    """0 is no limit."""
    run_timeout: PositiveDuration = Duration("6h")
    """A run that takes longer ends as Failed; what it has deleted stays deleted."""


class GarbageCollection(Model):
    """Running `registry garbage-collect` in the registry's pod."""

    mode: CollectMode = CollectMode.DISABLED
    """ReadOnly: nobody can push meanwhile. Unprotected: pushes during the collection can lose images."""
    schedule: Cron | None = None
    """When to collect; without it, after every run that deleted something."""
    minimum_reclaim: Quantity = Quantity("0")
    """Skip the maintenance window when less than this would come back."""
    timeout: PositiveDuration = Duration("2h")
    """A collection that takes longer is stopped, and the registry accepts pushes again."""
    rollout_timeout: PositiveDuration = Duration("10m")
    """How long the registry's pods may take to restart."""

    @model_validator(mode="after")
    def _schedule_means_something(self) -> Self:
        if self.schedule is not None and self.mode is CollectMode.DISABLED:
            raise ValueError(_SCHEDULE_NEEDS_MODE)
        return self

    cel: ClassVar[tuple[tuple[str, str], ...]] = (
        ("!has(self.schedule) || self.mode != 'Disabled'", _SCHEDULE_NEEDS_MODE),
    )


class Undo(Model):
    """Keep what is needed to bring deleted images back until the next garbage collection."""

    enabled: StrictBool = True
    """Without it, a deleted image can only come back by a push."""


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
    reclaimed_bytes: Count = 0


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
