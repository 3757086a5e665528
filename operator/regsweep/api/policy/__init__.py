"""`RegistryCleanupPolicy` by its parts: registry, rules, protection, bounds, and the whole kind."""

from regsweep.api.policy.bounds import GarbageCollection, Limits, Undo
from regsweep.api.policy.choices import Approval, CollectMode, InventoryKind, Mode, OrderBy, Preset, RedisCacheMode
from regsweep.api.policy.kind import LastRun, PolicySpec, PolicyStatus, RegistryCleanupPolicy
from regsweep.api.policy.protect import CustomResource, ImageList, InUse, KubeconfigSecretRef, OtherCluster, Protect
from regsweep.api.policy.registry import CABundleRef, RegistrySpec, SecretRef, WorkloadRef
from regsweep.api.policy.rules import Keep, RepositorySelector, Rule, TagSelector, Untagged

__all__ = [
    "Approval",
    "CABundleRef",
    "CollectMode",
    "CustomResource",
    "GarbageCollection",
    "ImageList",
    "InUse",
    "InventoryKind",
    "Keep",
    "KubeconfigSecretRef",
    "LastRun",
    "Limits",
    "Mode",
    "OrderBy",
    "OtherCluster",
    "PolicySpec",
    "PolicyStatus",
    "Preset",
    "Protect",
    "RedisCacheMode",
    "RegistryCleanupPolicy",
    "RegistrySpec",
    "RepositorySelector",
    "Rule",
    "SecretRef",
    "TagSelector",
    "Undo",
    "Untagged",
    "WorkloadRef",
]
