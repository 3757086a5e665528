"""scan → judge → plan: one repository at a time, so that memory is bounded by the largest one plus the plan."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from regsweep.api.load import policy_digest
from regsweep.api.policy import CollectMode, InventoryKind, PolicySpec
from regsweep.core.hints import HintFinder
from regsweep.core.inventory import Finding, InUse, Repository, Unread
from regsweep.core.inventory_file import Taking
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
    check_inventory(spec)
    users = read_users(request, ports)
    in_use, roll_call = users.in_use(), RollCall(users)
    ports.reader.ping()
    names, catalog = _names(spec, ports)
    whole, now = len(names) == len(catalog), ports.clock()
    builder, hints, unread = PlanBuilder(), HintFinder(spec), []
    for found in _read(catalog if ports.archive else names, spec, in_use, now, ports):
        if found.name not in names:
            continue  # read for the archive alone: the plan is the same with one and without
        if isinstance(found, Unread):
            builder.unread(found.name)
            unread.append(found)
        else:
            builder.add(found, judge(found, spec, in_use, now))
            roll_call.add(found)
            hints.add(found.name, (tag.name for tag in found.tags))
    for name in catalog:
        hints.add_name(name)
    plan = builder.build(
        registry=spec.registry.url,
        policy=request.policy_name,
        spec=spec,
        policy_digest=policy_digest(spec),
        inventory=InventoryKind.API.value,
        now=ports.clock(),
        whole_registry=whole,
    )
    findings = (
        *builder.findings(),
        *roll_call.findings(catalog),
        *(Finding("unread", item.name, "", item.reason) for item in unread),
        *hints.findings(whole=whole and not unread),
    )
    used = (*roll_call.present(), *roll_call.missing(catalog))
    return Planned(plan, builder.kept(), findings, tuple(unread), used)


def memory_of(spec: PolicySpec, ports: Ports) -> Memory:
    """Images are remembered by the registry's URL and their repository: what was seen elsewhere says nothing here."""
    return Memory(
        ports.clock(),
        lambda repository, *asked: ports.cache.first_seen(f"{spec.registry.url} {repository}", *asked),
    )


def _read(
    names: Collection[str], spec: PolicySpec, in_use: InUse, now: datetime, ports: Ports
) -> Iterator[Repository | Unread]:
    """What the registry holds under these names, left in the archive on the way.

    An archive is for trying other policies: it needs the ages of all tags, not only of those that this one asks for.
    """
    archive = ports.archive
    if archive is not None:
        asked = in_use if spec.protect.in_use is not None else None
        archive.begin(Taking(InventoryKind.API.value, now, whole=True, in_use=asked))
    for found in scan(
        ports.reader,
        tuple(names),
        ports.cache,
        concurrency=spec.limits.concurrency,
        dated=lambda repository, tags: tags if archive is not None else dated_tags(repository, tags, spec),
        stop=ports.stop,
        progress=ports.progress,
        memory=memory_of(spec, ports),
        used=in_use.places,
    ):
        if archive is not None and isinstance(found, Unread):
            archive.unread(found.name, found.reason)
        elif archive is not None and isinstance(found, Repository):
            archive.add(found)
        yield found
    if archive is not None:
        archive.end()


def _names(spec: PolicySpec, ports: Ports) -> tuple[Collection[str], Collection[str]]:
    """The repositories that the plan is about, and all that there are, in their order.

    Where a collection follows, all are: the collector walks the whole registry, and what it must mark and what it will
    free can only be told from all of it.
    """
    catalog = dict.fromkeys(ports.reader.repositories()).keys()
    if spec.garbage_collection.mode is not CollectMode.DISABLED or ports.collector is not None:
        return catalog, catalog
    return {name: None for name in catalog if selects_repository(spec, name)}.keys(), catalog


def check_inventory(spec: PolicySpec) -> None:
    if spec.registry.inventory is InventoryKind.STORAGE:
        raise InvalidInput(
            "spec.registry.inventory: Storage cannot be had: this version reads registries over their API. "
            "Set it to Auto or API."
        )
