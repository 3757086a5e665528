"""scan → judge → plan: one repository at a time, so that memory is bounded by the largest one plus the plan."""

from __future__ import annotations

from dataclasses import dataclass

from regsweep.api.load import policy_digest
from regsweep.api.policy import CollectMode, InventoryKind, PolicySpec
from regsweep.core.inventory import Finding, Unread
from regsweep.core.outcome import Kept
from regsweep.core.plan import Plan
from regsweep.core.planning import PlanBuilder
from regsweep.core.retention import judge
from regsweep.core.rollcall import RollCall, UsedImage
from regsweep.core.selection import dated_tags, selects_repository
from regsweep.errors import InvalidInput
from regsweep.pipeline.ports import Ports, Request
from regsweep.pipeline.usage import read_users
from regsweep.steps.scan import Memory, scan


@dataclass(frozen=True, slots=True)
class Planned:
    """The plan, and what it leaves behind: why tags stay, what was found broken, which repositories could not be
    read, what is used.
    """

    plan: Plan
    kept: Kept
    findings: tuple[Finding, ...]
    unread: tuple[Unread, ...]
    used: tuple[UsedImage, ...]


def make_plan(request: Request, ports: Ports) -> Planned:
    """Read the registry and decide. Changes nothing.

    Raises RegistryError when the catalog cannot be read to its end, InUseUnknown when protection was asked for and what
    the cluster uses cannot be learnt, InvalidInput when the policy wants an inventory that cannot be had.
    """
    spec = request.policy.spec
    _check_inventory(spec)
    users = read_users(request, ports)
    in_use, roll_call = users.in_use(), RollCall(users)
    ports.reader.ping()
    names, catalog = _names(spec, ports)
    builder, unread = PlanBuilder(), []
    for found in scan(
        ports.reader,
        names,
        ports.cache,
        concurrency=spec.limits.concurrency,
        dated=lambda repository, tags: dated_tags(repository, tags, spec),
        stop=ports.stop,
        progress=ports.progress,
        memory=_memory(spec, ports),
    ):
        if isinstance(found, Unread):
            builder.unread(found.name)
            unread.append(found)
        else:
            builder.add(found, judge(found, spec, in_use, ports.clock()))
            roll_call.add(found)
    plan = builder.build(
        registry=spec.registry.url,
        policy=request.policy_name,
        spec=spec,
        policy_digest=policy_digest(spec),
        inventory=InventoryKind.API.value,
        now=ports.clock(),
        whole_registry=len(names) == len(catalog),
    )
    findings = (
        *builder.findings(),
        *roll_call.findings(catalog),
        *(Finding("unread", item.name, "", item.reason) for item in unread),
    )
    used = (*roll_call.present(), *roll_call.missing(catalog))
    return Planned(plan, builder.kept(), findings, tuple(unread), used)


def _memory(spec: PolicySpec, ports: Ports) -> Memory:
    """Images are remembered by the registry's URL and their repository: what was seen elsewhere says nothing here."""
    return Memory(
        ports.clock(),
        lambda repository, *asked: ports.cache.first_seen(f"{spec.registry.url} {repository}", *asked),
    )


def _names(spec: PolicySpec, ports: Ports) -> tuple[tuple[str, ...], frozenset[str]]:
    """The repositories to read, and all that there are.

    Where a collection follows, all are read: the collector walks the whole registry, and what it must mark and what
    it will
    free can only be told from all of it.
    """
    everything = tuple(ports.reader.repositories())
    catalog = frozenset(everything)
    if spec.garbage_collection.mode is not CollectMode.DISABLED or ports.collector is not None:
        return everything, catalog
    return tuple(name for name in everything if selects_repository(spec, name)), catalog


def _check_inventory(spec: PolicySpec) -> None:
    if spec.registry.inventory is InventoryKind.STORAGE:
        raise InvalidInput(
            "spec.registry.inventory: Storage cannot be had: this version reads registries over their API. "
            "Set it to Auto or API."
        )
