"""Policies from files, held against saved inventories: which is compared with what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from regsweep.api.policy import RegistryCleanupPolicy
from regsweep.cli.files import policies
from regsweep.cli.inventories import saved_inventory
from regsweep.cli.terminal import say
from regsweep.core.comparison import Comparing, Comparison, Sides
from regsweep.core.inventory import Repository, Unread
from regsweep.core.inventory_file import Header
from regsweep.errors import InvalidInput


@dataclass(frozen=True, slots=True)
class Named:
    """A policy and the file that it stands in."""

    file: str
    policy: RegistryCleanupPolicy

    @property
    def name(self) -> str:
        meta = self.policy.metadata
        return f"{meta.namespace}/{meta.name}" if meta.namespace else meta.name


def compare(given: Sequence[Named], inventories: Sequence[Path], before: Sequence[Path]) -> list[Comparison]:
    """Every policy on the inventories of its registry, in the order of the inventories.

    Raises InvalidInput for an inventory that is of none of the policies' registries, and for one that is not whole.
    """
    old = [Named(str(path), policy) for path in before for policy in policies(path)]
    found: list[Comparison] = []
    for path in inventories:
        with saved_inventory(path) as saved:
            header = saved.header
            pairs = list(_pairs(header, given, old, path))
            comparing = [Comparing(sides, header.taking) for sides in pairs]
            for entry in saved.repositories():
                for each in comparing:
                    if isinstance(entry, Repository):
                        each.add(entry)
                    elif isinstance(entry, Unread):
                        each.unread(entry.name)
        found += [each.comparison(str(path), header.registry) for each in comparing]
    return found


def _pairs(header: Header, given: Sequence[Named], old: Sequence[Named], path: Path) -> Iterator[Sides]:
    same = [each for each in given if _cleans(each.policy, header)]
    if not same:
        raise InvalidInput(
            f"{path} was made of {header.registry}, and none of the policies cleans that registry: name the policy of "
            "this registry with -f, or the inventory of another with --against"
        )
    if old:
        yield from (_with_old(each, old) for each in same)
        return
    own = [each for each in same if each.name == header.policy] or (same if len(same) == 1 else [])
    for each in same:
        if each in own:
            yield Sides(each.file, each.name, each.policy.spec, f"{header.policy} in it", header.spec)
        else:
            say(
                f"regsweep: {each.file}: {each.name} is not compared: {path} was made under {header.policy}. "
                "Name the policies as they were with --before"
            )
    if not own:
        raise InvalidInput(
            f"{path} was made under {header.policy}, and none of the policies is called so: use --before"
        )


def _with_old(each: Named, old: Iterable[Named]) -> Sides:
    """A policy without a counterpart is new."""
    found = next((other for other in old if other.name == each.name), None)
    if found is None:
        return Sides(each.file, each.name, each.policy.spec, "nothing", None)
    return Sides(each.file, each.name, each.policy.spec, found.file, found.policy.spec)


def _cleans(policy: RegistryCleanupPolicy, header: Header) -> bool:
    return policy.spec.registry.url.rstrip("/") in {header.registry.rstrip("/"), header.read_at.rstrip("/")}
