"""What is too large for a run's status, in ConfigMaps that the run owns: plan, record, keepsake, and the policy of its
window.

Read a plan without regsweep: `kubectl get cm NAME -o jsonpath='{.binaryData.plan\\.json\\.gz}' | base64 -d | gunzip`,
with the pieces of more than one ConfigMap in the order of `status.plan.configMaps`.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from typing import Any

from regsweep.api.load import load_policy
from regsweep.api.meta import API_VERSION, GROUP, ObjectMeta
from regsweep.api.policy import RegistryCleanupPolicy
from regsweep.clients.kinds import CONFIG_MAP
from regsweep.clients.kube import Cluster
from regsweep.core.plan import Plan
from regsweep.core.plan_chunks import CHUNK_KEY, REPORT_KEY, from_chunks, to_chunks
from regsweep.core.plan_file import plan_from_json, plan_to_json
from regsweep.core.report.document import Report, from_json, to_json
from regsweep.errors import ClusterDenied, ClusterNotFound, InvalidInput, PlanUnreadable

POLICY_KEY = "policy.json"


class Documents:
    """The documents of one run."""

    def __init__(self, cluster: Cluster, run: ObjectMeta) -> None:
        self._cluster, self._run = cluster, run

    def save_plan(self, plan: Plan) -> tuple[str, ...]:
        """The names of the plan's ConfigMaps, in order. Over those of an older plan of the run."""
        return self._save("plan", CHUNK_KEY, plan_to_json(plan))

    def save_report(self, report: Report) -> tuple[str, ...]:
        """The names of the ConfigMaps of the run's whole record, in order."""
        return self._save("report", REPORT_KEY, to_json(report))

    def load_report(self, names: Sequence[str]) -> Report | None:
        """None where the ConfigMaps are gone, or hold no report of this version."""
        try:
            found = [self._cluster.get(CONFIG_MAP, self._run.namespace, name) for name in names]
            return from_json(from_chunks(item["binaryData"][REPORT_KEY] for item in found))
        except (ClusterNotFound, KeyError, InvalidInput):
            return None

    def load_plan(self, names: Sequence[str], digest: str) -> Plan:
        """Raises PlanUnreadable where the ConfigMaps are gone, or hold another plan than that of `digest`."""
        try:
            found = [self._cluster.get(CONFIG_MAP, self._run.namespace, name) for name in names]
            plan = plan_from_json(from_chunks(item["binaryData"][CHUNK_KEY] for item in found))
        except (ClusterNotFound, KeyError):
            raise PlanUnreadable(
                f"the ConfigMaps of the plan ({', '.join(names)}) are gone or empty: make a new run, it plans anew"
            ) from None
        if plan.digest != digest:
            raise PlanUnreadable(
                f"the ConfigMaps of the plan hold another plan than {digest}: make a new run, it plans anew"
            )
        return plan

    def save_policy(self, policy: RegistryCleanupPolicy) -> None:
        """Keep what is needed to leave a maintenance window, whatever becomes of the policy meanwhile."""
        meta = policy.metadata
        document = {
            "apiVersion": policy.api_version,
            "kind": policy.kind,
            "metadata": {"name": meta.name, "namespace": meta.namespace, "uid": meta.uid},
            "spec": policy.spec.model_dump(mode="json", by_alias=True, exclude_unset=True),
        }
        self._apply(self._name("policy"), "policy", {"data": {POLICY_KEY: json.dumps(document)}})

    def load_policy(self) -> RegistryCleanupPolicy | None:
        """The policy that `save_policy` kept; None where there is none. Raises PolicyInvalid for a changed one."""
        try:
            found = self._cluster.get(CONFIG_MAP, self._run.namespace, self._name("policy"))
            return load_policy(json.loads(found["data"][POLICY_KEY]), f"ConfigMap {self._name('policy')}")
        except (ClusterNotFound, KeyError, ValueError):
            return None

    def save_piece(self, document: str, number: int, key: str, piece: bytes) -> str:
        """The name of the ConfigMap that holds one piece of a document that comes in pieces."""
        name = self._name(f"{document}-{number}")
        self._apply(name, document, {"binaryData": {key: base64.b64encode(piece).decode()}})
        return name

    def _save(self, document: str, key: str, text: str) -> tuple[str, ...]:
        chunks = to_chunks(text)
        names = tuple(self._name(f"{document}-{number}") for number in range(len(chunks)))
        for name, chunk in zip(names, chunks, strict=True):
            self._apply(name, document, {"binaryData": {key: chunk}})
        return names

    def _name(self, suffix: str) -> str:
        return f"{self._run.name[:180]}-{self._run.uid[:8]}-{suffix}"

    def _apply(self, name: str, document: str, content: dict[str, Any]) -> None:
        owner = {"apiVersion": API_VERSION, "kind": "RegistryCleanupRun", "name": self._run.name, "uid": self._run.uid}
        meta = {
            "name": name,
            "namespace": self._run.namespace,
            "labels": {"app.kubernetes.io/managed-by": "regsweep", f"{GROUP}/document": document},
            "ownerReferences": [{**owner, "controller": True, "blockOwnerDeletion": False}],
        }
        try:
            self._cluster.apply(CONFIG_MAP, {"metadata": meta, **content})
        except ClusterDenied as error:
            raise ClusterDenied(
                f"the {document} of a run is kept in ConfigMaps, and the operator may not write them in namespace "
                f"{self._run.namespace}: add it to registryNamespaces in the values of the chart ({error})"
            ) from None
