"""What is in use, for the commands: a list in a file, or the clusters at hand. Asked for and not to be had: refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

from regsweep.api.policy import InUse, RegistryCleanupPolicy
from regsweep.cli.execution import now
from regsweep.cli.files import read_text
from regsweep.cli.options import Clusters
from regsweep.core.inuse import Usage, Use, User
from regsweep.core.ports import Stop
from regsweep.errors import InUseUnknown, InvalidInput

MAXIMUM_BYTES = 256 << 20
"""Of a file. As text, that is some million images."""


def protecting(policy: RegistryCleanupPolicy, clusters: Clusters) -> RegistryCleanupPolicy:
    """The policy, which protects what is in use where a list of that was given."""
    if not clusters.in_use or policy.spec.protect.in_use is not None:
        return policy
    protect = policy.spec.protect.model_copy(update={"in_use": InUse()})
    return policy.model_copy(update={"spec": policy.spec.model_copy(update={"protect": protect})})


def usage_of(policy: RegistryCleanupPolicy, clusters: Clusters, stack: ExitStack) -> Callable[[Stop], Usage] | None:
    """How it is learnt what is in use; None where the policy does not ask. `stack` closes what is opened.

    A list stands for all that `protect.inUse` asks of clusters; clusters that are named beside it are asked, too.
    Raises InvalidInput for a file that cannot be read, InUseUnknown for one without an image, and where there is no
    cluster to ask.
    """
    if policy.spec.protect.in_use is None:
        return None
    listed = [use for path in clusters.in_use or () for use in _listed(path)]
    if clusters.in_use and not clusters.are_named:
        return lambda _: Usage(listed)
    ask = _asking(policy, clusters, stack)

    def both(stop: Stop) -> Usage:
        usage = ask(stop)
        return Usage(_chained(listed, usage), usage.hosts)

    return both


def _chained(listed: list[Use], usage: Usage) -> Iterator[Use]:
    yield from listed
    yield from usage.uses


def _asking(policy: RegistryCleanupPolicy, clusters: Clusters, stack: ExitStack) -> Callable[[Stop], Usage]:
    from regsweep.cli.cluster import connected
    from regsweep.steps.inuse import Reading, read_usage

    try:
        found = tuple((name, stack.enter_context(connected(login))) for name, login in clusters.logins)
    except InvalidInput as error:
        raise InUseUnknown(
            f"spec.protect.inUse asks to protect what workloads use, and there is no cluster to ask: {error}. Nothing "
            "was deleted. Or name a list of the images with --in-use."
        ) from error
    namespace = policy.metadata.namespace or found[0][1].namespace
    return lambda stop: read_usage(Reading(policy, found, namespace, now, stop))


def _listed(path: Path) -> list[Use]:
    text = read_text(path, MAXIMUM_BYTES)
    found = _objects(path, text) if text.lstrip()[:1] in ("{", "[") else _images(path, text)
    if not found:
        raise InUseUnknown(
            f"{path} names no image: what is in use is not known, so nothing is deleted. Did the command that wrote it "
            "fail?"
        )
    return found


def _images(path: Path, text: str) -> list[Use]:
    from regsweep.steps.inuse import images_in

    return [Use(image, User("File", "", str(path))) for image in images_in(text)]


def _objects(path: Path, text: str) -> list[Use]:
    """As `kubectl get pods,deployments -A -o json` writes them."""
    from regsweep.steps.inuse import uses_of

    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"{path} begins like JSON and is none: {error}") from None
    try:
        return list(uses_of(document))
    except ValueError as error:
        raise InvalidInput(f"{path}: {error}") from None
