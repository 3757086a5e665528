"""scan → judge → plan: one repository at a time, so that memory is bounded by the largest one plus the plan."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime

from regsweep.api.load import policy_digest
from regsweep.api.policy import CollectMode, PolicySpec
from regsweep.core.hints import HintFinder
from regsweep.core.inventory import Finding, InUse, Repository, Unread
from regsweep.core.inventory_file import Taking
from regsweep.core.outcome import Kept
from regsweep.core.plan import Plan
from regsweep.core.planning import PlanBuilder
from regsweep.core.ports import Archive
from regsweep.core.retention import judge
from regsweep.core.rollcall import RollCall, UsedImage
from regsweep.core.selection import selects_repository
from regsweep.core.users import Users
from regsweep.errors import StorageUnavailable
from regsweep.pipeline.ports import Ports, Request
from regsweep.pipeline.reading import Source, choose, instead
from regsweep.pipeline.usage import read_users

REASON_LENGTH = 1000
"""Of the words on why a registry was read as it was: a status and a plan hold a little more."""


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


@dataclass(frozen=True, slots=True)
class _Wish:
    """Under which policy a registry is read, and where what was read is left."""

    spec: PolicySpec
    archive: Archive | None


def make_plan(request: Request, ports: Ports) -> Planned:
    """Read the registry and decide. Changes nothing.

    Raises RegistryError when the catalog cannot be read to its end, InUseUnknown when protection was asked for and what
    the cluster uses cannot be learnt, InvalidInput and StorageUnavailable when the policy wants an inventory that
    cannot be had.
    """
    spec = request.policy.spec
    if spec.protect.in_use is not None:
        ports.progress.begin("in use")
    users = read_users(request, ports)
    in_use = users.in_use()
    ports.reader.ping()
    try:
        return _planned(choose(spec, ports, in_use), users, request, ports)
    except StorageUnavailable as error:
        return _planned(instead(error, spec, ports, in_use), users, request, ports)


def _planned(source: Source, users: Users, request: Request, ports: Ports) -> Planned:
    spec, in_use, roll_call = request.policy.spec, users.in_use(), RollCall(users)
    names, catalog = _names(source, spec, ports)
    whole, now = len(names) == len(catalog), ports.clock()
    builder, hints, unread = PlanBuilder(), HintFinder(spec), []
    for found in _read(source, catalog if ports.archive else names, in_use, now, _Wish(spec, ports.archive)):
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
        inventory=source.kind.value,
        inventory_reason=source.reason[:REASON_LENGTH],
        now=ports.clock(),
        whole_registry=whole,
        measured=source.measure(builder.freed()) if source.measure else None,
    )
    findings = (
        *source.findings,
        *builder.findings(),
        *roll_call.findings(catalog),
        *(Finding("unread", item.name, "", item.reason) for item in unread),
        *(finding for item in unread for finding in item.findings),
        *hints.findings(whole=whole and not unread),
    )
    used = (*roll_call.present(), *roll_call.missing(catalog))
    return Planned(plan, builder.kept(), findings, tuple(unread), used)


def _read(
    source: Source, names: Collection[str], in_use: InUse, now: datetime, wish: _Wish
) -> Iterator[Repository | Unread]:
    """What the registry holds under these names, left in the archive on the way.

    An archive is for trying other policies: it needs the ages of all tags, not only of those that this one asks for.
    """
    archive = wish.archive
    if archive is not None:
        asked = in_use if wish.spec.protect.in_use is not None else None
        archive.begin(Taking(source.kind.value, now, whole=True, in_use=asked))
    for found in source.read(tuple(names), all_dated=archive is not None):
        if archive is not None and isinstance(found, Unread):
            archive.unread(found.name, found.reason)
        elif archive is not None and isinstance(found, Repository):
            archive.add(found)
        yield found
    if archive is not None:
        archive.end()


def _names(source: Source, spec: PolicySpec, ports: Ports) -> tuple[Collection[str], Collection[str]]:
    """The repositories that the plan is about, and all that there are, in their order.

    Where a collection follows, all are: the collector walks the whole registry, and what it must mark and what it will
    free can only be told from all of it.
    """
    catalog = dict.fromkeys(source.catalog()).keys()
    if spec.garbage_collection.mode is not CollectMode.DISABLED or ports.collector is not None:
        return catalog, catalog
    return {name: None for name in catalog if selects_repository(spec, name)}.keys(), catalog
