"""The words that a policy may choose from."""

from __future__ import annotations

from enum import StrEnum


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


class RedisCacheMode(StrEnum):
    """What to do about a blob cache in Redis, which names blobs that a collection has deleted."""

    REFUSE = "Refuse"
    FLUSH = "Flush"


class Preset(StrEnum):
    """Whose kinds name images beside the Pods that they make."""

    ARGO_ROLLOUTS = "ArgoRollouts"
    ARGO_WORKFLOWS = "ArgoWorkflows"
    FLUX_IMAGE_POLICIES = "FluxImagePolicies"
    KNATIVE = "Knative"
    TEKTON = "Tekton"
