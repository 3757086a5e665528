"""How a run reads its registry: from its storage where that can be had, else over its API; and why it is that one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from regsweep.api.policy import InventoryKind, PolicySpec
from regsweep.core.dating import Memory, tags_by_created
from regsweep.core.inventory import Finding, InUse, Repository, Unread
from regsweep.core.oci import Digest
from regsweep.core.selection import dated_tags
from regsweep.errors import InvalidInput, StorageUnavailable
from regsweep.pipeline.ports import Ports
from regsweep.steps.scan import scan
from regsweep.steps.storage import Store, Stored, open_storage

UNTAGGED_UNSEEN = "inventory.no-untagged"

_FIX = (
    "Let registry.workloadRef name the workload of a registry with the filesystem driver and a shell, "
    "or give --storage-root where its files are on this machine, or set registry.inventory to Auto or API"
)


class Read(Protocol):
    """Reads repositories, in the order of `names`. `all_dated`: the created time of every tag is wanted, also of those
    about which the policy can decide without.
    """

    def __call__(self, names: Sequence[str], *, all_dated: bool) -> Iterator[Repository | Unread]: ...


@dataclass(frozen=True, slots=True)
class Source:
    """One inventory. `catalog` lists the repositories that there are; it raises RegistryError.

    `read` may raise StorageUnavailable, and then nothing that it gave holds. `measure` says the bytes on disk of blobs,
    where that can be known. `findings` belong to no repository.
    """

    kind: InventoryKind
    reason: str
    catalog: Callable[[], tuple[str, ...]]
    read: Read
    measure: Callable[[Iterable[Digest]], int] | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True)
class _Asking:
    """Over the API, what is in use without a tag has to be asked for."""

    spec: PolicySpec
    ports: Ports
    in_use: InUse


def choose(spec: PolicySpec, ports: Ports, in_use: InUse) -> Source:
    """The inventory to take.

    Raises InvalidInput where the policy asks for the storage and nothing here could read it, StorageUnavailable where
    it asks for it and it cannot be read, RegistryError.
    """
    wanted = spec.registry.inventory
    if wanted is InventoryKind.API:
        return _api(_Asking(spec, ports, in_use), "the policy says so")
    if ports.storage is None:
        why = "registry.workloadRef is not set" if spec.registry.workload_ref is None else ports.storage_missing
        if wanted is InventoryKind.STORAGE:
            raise InvalidInput(f"spec.registry.inventory: Storage cannot be had: {why}. {_FIX}.")
        return _api(_Asking(spec, ports, in_use), why)
    try:
        return _storage(ports.storage(), spec, ports)
    except StorageUnavailable as error:
        return instead(error, spec, ports, in_use)


def instead(error: StorageUnavailable, spec: PolicySpec, ports: Ports, in_use: InUse) -> Source:
    """The API in place of a storage that turned out not to be readable whole; what was read of it is void.

    Raises StorageUnavailable where the policy wants the storage and nothing else.
    """
    if spec.registry.inventory is InventoryKind.STORAGE:
        raise StorageUnavailable(f"spec.registry.inventory: Storage cannot be had: {error}. {_FIX}.") from error
    ports.progress.say(f"the registry is read over its API: {error}")
    return _api(_Asking(spec, ports, in_use), str(error))


def _api(asking: _Asking, reason: str) -> Source:
    unseen = Finding(UNTAGGED_UNSEEN, "", "", f"untagged lets nothing go, as the API lists no such manifest ({reason})")
    return Source(
        kind=InventoryKind.API,
        reason=reason,
        catalog=lambda: tuple(dict.fromkeys(asking.ports.reader.repositories())),
        read=partial(_by_api, asking),
        findings=(unseen,) if asking.spec.untagged is not None else (),
    )


def _by_api(asking: _Asking, names: Sequence[str], *, all_dated: bool) -> Iterator[Repository | Unread]:
    spec, ports = asking.spec, asking.ports
    return scan(
        ports.reader,
        tuple(names),
        ports.cache,
        concurrency=spec.limits.concurrency,
        dated=lambda repository, tags: tags if all_dated else dated_tags(repository, tags, spec),
        stop=ports.stop,
        progress=ports.progress,
        memory=_memory(spec, ports),
        used=asking.in_use.places,
    )


def _storage(store: Store, spec: PolicySpec, ports: Ports) -> Source:
    stored = open_storage(store, ports.reader, ports.clock(), ports.stop, ports.progress)
    return Source(
        kind=InventoryKind.STORAGE,
        reason=store.name,
        catalog=lambda: stored.names,
        read=partial(_by_storage, stored, spec, ports),
        measure=stored.measure,
        findings=stored.findings,
    )


def _by_storage(
    stored: Stored, spec: PolicySpec, ports: Ports, names: Sequence[str], *, all_dated: bool
) -> Iterator[Repository | Unread]:
    def dated(found: Repository) -> Iterable[str]:
        return (tag.name for tag in found.tags) if all_dated else tags_by_created(found, spec)

    return stored.read(names, ports.cache, dated, _memory(spec, ports))


def _memory(spec: PolicySpec, ports: Ports) -> Memory:
    """Images are remembered by the registry's URL and their repository: what was seen elsewhere says nothing here."""
    return Memory(
        ports.clock(),
        lambda repository, *asked: ports.cache.first_seen(f"{spec.registry.url} {repository}", *asked),
    )
