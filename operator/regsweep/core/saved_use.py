"""What is in use under a policy that is tried on a saved inventory: what the file says, and what the policy lists."""

from __future__ import annotations

from regsweep.api.policy import PolicySpec
from regsweep.core.addresses import addresses_of
from regsweep.core.inuse import Use, User
from regsweep.core.inventory import NOTHING_IN_USE, InUse
from regsweep.core.inventory_file import Taking
from regsweep.core.users import users_of


def in_use_under(spec: PolicySpec, taking: Taking) -> InUse:
    """Nothing, where the policy does not ask. What an older policy listed by itself stays in the file, and in use."""
    if spec.protect.in_use is None:
        return NOTHING_IN_USE
    known = taking.in_use or NOTHING_IN_USE
    policy = User("RegistryCleanupPolicy", "", "this one")
    listed = users_of(
        [Use(image, policy) for image in spec.protect.in_use.images], addresses_of(spec.registry)
    ).in_use()

    def doubt(repository: str) -> str:
        return known.doubt(repository) or listed.doubt(repository)

    return InUse({**listed.tags, **known.tags}, {**listed.digests, **known.digests}, doubt)
