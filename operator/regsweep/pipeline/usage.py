"""Who uses what, for the plan and again for the sweep. Unknown is never taken for unused."""

from __future__ import annotations

from collections.abc import Callable

from regsweep.api.policy import PolicySpec
from regsweep.core.addresses import addresses_of
from regsweep.core.inventory import NOTHING_IN_USE, InUse
from regsweep.core.users import Users, users_of
from regsweep.errors import InUseUnknown
from regsweep.pipeline.ports import Ports


def read_users(spec: PolicySpec, ports: Ports) -> Users:
    """One whole reading; nobody where the policy asks for none. Raises InUseUnknown."""
    if spec.protect.in_use is None:
        return Users(addresses_of(spec.registry))
    if ports.usage is None:
        raise InUseUnknown(
            "spec.protect.inUse asks to protect what workloads use, and that cannot be learnt here. "
            "Nothing was deleted. "
            "Name a list of images with --in-use, or a cluster with --context or --kubeconfig."
        )
    usage = ports.usage()
    return users_of(usage.uses, addresses_of(spec.registry, usage.hosts))


def reader_of(spec: PolicySpec, ports: Ports) -> Callable[[], InUse]:
    """What the sweep asks again and again."""
    if spec.protect.in_use is None:
        return lambda: NOTHING_IN_USE
    return lambda: read_users(spec, ports).in_use()
