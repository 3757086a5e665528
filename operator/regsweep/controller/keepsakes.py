"""Keepsakes in ConfigMaps that the run owns: what it deletes can be put back until its registry is collected.

They go with the collection, or with the run. A collection by anybody else is found out by what the registry has not.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

from pydantic import ValidationError

from regsweep.api.policy import RegistryCleanupPolicy
from regsweep.api.run import RegistryCleanupRun, UndoStatus
from regsweep.clients.keepsakes import read_pieces
from regsweep.clients.kinds import CONFIG_MAP, RUN
from regsweep.controller.documents import Documents
from regsweep.controller.environment import Environment
from regsweep.controller.lookup import read_run
from regsweep.controller.status import RunStatusWriter, write_at_rest
from regsweep.core.keepsake import CHUNK_KEY, Heading, Saved, check, heading_of, pack, unpack
from regsweep.core.oci import Digest
from regsweep.core.undo import undo_of
from regsweep.errors import ClusterError, ClusterNotFound, InvalidInput

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClusterKeepsakes:
    """`core.ports.Keepsakes` of one run."""

    environment: Environment
    run: RegistryCleanupRun
    policy: RegistryCleanupPolicy
    status: RunStatusWriter

    def keep(self, heading: Heading, manifests: Iterable[Saved]) -> None:
        """Written piece by piece; what is written counts only when the status names it."""
        documents = Documents(self.environment.cluster, self.run.metadata)
        counted = _Counted(manifests)
        names = [
            documents.save_piece("keepsake", number, CHUNK_KEY, piece)
            for number, piece in enumerate(pack(heading, counted))
        ]
        self.status.change(
            undo=UndoStatus(
                config_maps=tuple(names),
                registry=registry_of(self.policy),
                workload=workload_of(self.policy),
                manifests=counted.manifests,
                tags=counted.tags,
                kept_at=self.environment.clock(),
            )
        )

    def kept(self, plan: Digest) -> Iterator[Saved] | None:
        undo = self.status.status.undo
        if undo is None or undo.ended_at is not None:
            return None
        pieces = read_pieces(self.environment.cluster, self.run.metadata.namespace, undo.config_maps)
        return unpack(pieces) if heading_of(pieces).plan == plan else None

    def source(self) -> Iterator[Saved]:
        assert self.run.spec.restore_from is not None  # noqa: S101  (only a restore asks)
        cluster, namespace, name = (
            self.environment.cluster,
            self.run.metadata.namespace,
            self.run.spec.restore_from.name,
        )
        try:
            found = read_run(cluster.get(RUN, namespace, name))
        except ClusterNotFound:
            raise InvalidInput(
                f"spec.restoreFrom.name: there is no run {name} in namespace {namespace}; what a run kept goes with it"
            ) from None
        undo = undo_of(found, self.run.spec.policy_ref.name)
        pieces = read_pieces(cluster, namespace, undo.config_maps)
        check(pieces)
        return unpack(pieces)

    def collected(self) -> None:
        """Every keepsake of the registry goes, whatever policy made it. What of one stays, the registry refuses."""
        for run in self._all_runs():
            if run.status.undo is not None and self._same_registry(run.metadata.namespace, run.status.undo):
                try:
                    self._end(run, run.status.undo)
                except ClusterError as error:
                    _log.warning("the keepsake of run %s is not taken away: %s", run.metadata.name, error)

    def _all_runs(self) -> Iterator[RegistryCleanupRun]:
        try:
            for namespace in self.environment.namespaces or (None,):
                for found in self.environment.cluster.list(RUN, namespace):
                    with suppress(ValidationError):  # of another version of regsweep
                        yield read_run(found)
        except ClusterError as error:
            _log.warning("keepsakes are not all taken away after a collection: %s", error)

    def _same_registry(self, namespace: str, undo: UndoStatus) -> bool:
        workload = workload_of(self.policy)
        same_pods = bool(workload) and (namespace, undo.workload) == (self.policy.metadata.namespace, workload)
        return undo.ended_at is None and (same_pods or undo.registry == registry_of(self.policy))

    def _end(self, run: RegistryCleanupRun, undo: UndoStatus) -> None:
        """First the word, then the ConfigMaps: a keepsake that is gone must say why."""
        ended = undo.model_copy(
            update={"ended_at": self.environment.clock(), "ended_by": self.run.metadata.name, "config_maps": ()}
        )
        if run.metadata.uid == self.run.metadata.uid:
            self.status.change(undo=ended)
        else:
            write_at_rest(self.environment.cluster, run, run.status.model_copy(update={"undo": ended}))
        for name in undo.config_maps:
            with suppress(ClusterNotFound):
                self.environment.cluster.delete(CONFIG_MAP, run.metadata.namespace, name)


class _Counted:
    """Counts what goes by."""

    def __init__(self, manifests: Iterable[Saved]) -> None:
        self._inner, self.manifests, self.tags = manifests, 0, 0

    def __iter__(self) -> Iterator[Saved]:
        for one in self._inner:
            self.manifests += 1
            self.tags += len(one.tags)
            yield one


def registry_of(policy: RegistryCleanupPolicy) -> str:
    return policy.spec.registry.url.rstrip("/").lower()


def workload_of(policy: RegistryCleanupPolicy) -> str:
    workload = policy.spec.registry.workload_ref
    return f"{workload.kind}/{workload.name}" if workload else ""
