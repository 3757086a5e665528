"""Who uses what, for the plan and again for the sweep. Unknown is never taken for unused."""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain

from regsweep.core.addresses import addresses_of
from regsweep.core.inuse import Use, User
from regsweep.core.inventory import NOTHING_IN_USE, InUse
from regsweep.core.users import Users, users_of
from regsweep.errors import InUseUnknown
from regsweep.pipeline.ports import Ports, Request


def read_users(request: Request, ports: Ports) -> Users:
    """One whole reading, with the images that the policy itself lists; nobody where it asks for no protection.

    Raises InUseUnknown.
    """
    spec = request.policy.spec
    if spec.protect.in_use is None:
        return Users(addresses_of(spec.registry))
    if ports.usage is None:
        raise InUseUnknown(
            "spec.protect.inUse asks to protect what workloads use, and that cannot be learnt here. "
            "Nothing was deleted. "
            "Name a list of images with --in-use, or a cluster with --context or --kubeconfig."
        )
    usage = ports.usage()
    meta = request.policy.metadata
    policy = User(request.policy.kind, meta.namespace, meta.name)
    listed = (Use(image, policy) for image in spec.protect.in_use.images)
    return users_of(chain(listed, usage.uses), addresses_of(spec.registry, usage.hosts))


def reader_of(request: Request, ports: Ports) -> Callable[[], InUse]:
    """What the sweep asks again and again."""
    if request.policy.spec.protect.in_use is None:
        return lambda: NOTHING_IN_USE
    return lambda: read_users(request, ports).in_use()
