"""Which registry a policy cleans, and how it is reached."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StrictBool, model_validator

from regsweep.api.meta import Model
from regsweep.api.names import Alias, Key, Label, Name, RegistryURL
from regsweep.api.policy.choices import InventoryKind

# Said by pydantic and by the API server alike.
_ENABLING_NEEDS_WORKLOAD = "enableDelete needs workloadRef: name the Deployment or StatefulSet that runs the registry"


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
