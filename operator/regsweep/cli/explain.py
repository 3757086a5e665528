"""`regsweep explain`: why one image stays or goes, and what would change that. Deletes nothing."""

from __future__ import annotations

from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, NoReturn

import typer
import yaml

from regsweep.api.policy import Mode, RegistryCleanupPolicy
from regsweep.cli import options
from regsweep.cli.connection import open_cache, target, with_url
from regsweep.cli.execution import now
from regsweep.cli.files import MAXIMUM_PLAN_BYTES, one_policy, read_text
from regsweep.cli.in_use import protecting, usage_of
from regsweep.cli.interrupt import Interrupt
from regsweep.cli.inventories import saved_inventory
from regsweep.cli.spread import spread
from regsweep.cli.storage import files_of
from regsweep.cli.terminal import emit, progress
from regsweep.clients.registry import Reader
from regsweep.core.explain import Case, Explanation, Image, explain_plan, find, parse_image
from regsweep.core.explain import explain as explain_case
from regsweep.core.explain.document import to_json
from regsweep.core.explain.explanation import About
from regsweep.core.explain.image import unknown_repository
from regsweep.core.explain.text import render
from regsweep.core.inventory import Repository, Unread
from regsweep.core.inventory_file import Header
from regsweep.core.plan_file import plan_from_json
from regsweep.core.saved_use import in_use_under
from regsweep.errors import InvalidInput, PartialInventory
from regsweep.pipeline import Ports, Request
from regsweep.pipeline.explaining import explain_live
from regsweep.pipeline.memory import MemoryJournal


@spread
def explain(
    *,
    image: Annotated[
        str, typer.Argument(metavar="IMAGE", help="repository:tag or repository@digest, of this registry.")
    ],
    filename: options.PolicyFile,
    plan: Annotated[
        Path | None, typer.Option("--plan", metavar="FILE", help="Say only what this plan says; read nothing.")
    ] = None,
    inventory: Annotated[
        Path | None,
        typer.Option("--inventory", metavar="FILE", help="Read this saved inventory instead of the registry."),
    ] = None,
    output: options.OutputFormat = options.Output.TEXT,
    quiet: options.Quiet = False,
    cache_dir: options.CacheDir = None,
    login: options.Login,
    clusters: options.Clusters,
) -> None:
    """Explain why one image stays or goes: rule, place, age, what protects it, and what would change that.

    The name of the registry may stand in front of the image, as workloads write it.

    \b
    Examples:
      regsweep explain team/app:v1.2.3 -f policy.yaml
      regsweep explain registry.example.com/team/app@sha256:0f3c... -f policy.yaml -o json
      regsweep explain team/app:v1.2.3 -f changed.yaml --inventory inventory.gz
    """
    if plan is not None and inventory is not None:
        raise InvalidInput("--plan and --inventory are two sources: name one of them")
    policy = protecting(with_url(one_policy(filename), login.url), clusters)
    asked = parse_image(image, policy.spec)
    if plan is not None:
        found = _by_plan(policy, asked, plan)
    elif inventory is not None:
        found = _by_inventory(policy, asked, inventory)
    else:
        found = _live(policy, asked, _Asking(login, clusters, cache_dir, quiet))
    if output is options.Output.TEXT:
        emit(render(found))
    elif output is options.Output.JSON:
        emit(to_json(found))
    else:
        emit(yaml.safe_dump(found.model_dump(mode="json", by_alias=True), sort_keys=False, allow_unicode=True))


def check_same_registry(policy: RegistryCleanupPolicy, registry: str, read_at: str, file: Path) -> None:
    """Raises InvalidInput where a file was made of another registry than the policy cleans."""
    if policy.spec.registry.url.rstrip("/") not in {registry.rstrip("/"), read_at.rstrip("/")}:
        raise InvalidInput(
            f"{file} was made of {registry}, and this policy cleans {policy.spec.registry.url}: name the file of this "
            "registry, or its other address with --url"
        )


def _by_plan(policy: RegistryCleanupPolicy, image: Image, file: Path) -> Explanation:
    made = plan_from_json(read_text(file, MAXIMUM_PLAN_BYTES))
    check_same_registry(policy, made.registry, made.registry, file)
    return explain_plan(made, image)


def _by_inventory(policy: RegistryCleanupPolicy, image: Image, file: Path) -> Explanation:
    with saved_inventory(file) as saved:
        header = saved.header
        check_same_registry(policy, header.registry, header.read_at, file)
        names, found, unread = [], None, None
        for entry in saved.repositories(only=image.repository):
            names.append(entry.name)
            if isinstance(entry, Repository):
                found = entry
            elif isinstance(entry, Unread) and entry.name == image.repository:
                unread = entry
    if unread is not None:
        raise PartialInventory(f"{unread.name} could not be read when the inventory was taken: {unread.reason}")
    if found is None:
        raise unknown_repository(image, names)
    case = Case.of(found, policy.spec, in_use_under(policy.spec, header.taking), header.taking.taken_at)
    tag, digest = find(image, found)
    about = About(header.registry, policy.metadata.name, "inventory", unsaid(policy, header))
    return explain_case(case, tag, digest, about)


def unsaid(policy: RegistryCleanupPolicy, header: Header) -> tuple[str, ...]:
    """What an inventory cannot say about a policy."""
    if policy.spec.protect.in_use is None or header.taking.in_use is not None:
        return ()
    return ("The inventory does not say what is in use: of protect.inUse only the listed images count here.",)


@dataclass(frozen=True, slots=True)
class _Asking:
    """How the registry and the clusters are asked."""

    login: options.Login
    clusters: options.Clusters
    cache_dir: Path | None
    quiet: bool


def _live(policy: RegistryCleanupPolicy, image: Image, asking: _Asking) -> Explanation:
    where, live = target(policy, asking.login), progress(quiet=asking.quiet)
    with ExitStack() as stack:
        limit = policy.spec.limits.run_timeout.timedelta.total_seconds()
        stop = stack.enter_context(Interrupt(limit))
        usage = usage_of(policy, asking.clusters, stack)
        files = files_of(policy, asking.login, asking.clusters.home, stack)
        stack.enter_context(live)
        ports = Ports(
            reader=stack.enter_context(Reader(where)),
            deleter=_nobody,
            probe=_nobody,
            cache=stack.enter_context(closing(open_cache(asking.cache_dir))),
            clock=now,
            stop=stop,
            progress=live,
            journal=MemoryJournal(),
            usage=partial(usage, stop) if usage is not None else None,
            storage=files.find,
            storage_missing=files.missing,
        )
        return explain_live(Request(policy, Mode.DRY_RUN), image, ports)


def _nobody(*_: object) -> NoReturn:
    """An explanation deletes nothing, and asks nobody whether it could (S11)."""
    raise AssertionError("an explanation asked for a client that deletes")
