"""The kinds of Kubernetes objects that regsweep reads or writes, and where the API keeps them. A table, no
I/O."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from regsweep.api.meta import API_VERSION


@dataclass(frozen=True, slots=True)
class Kind:
    """One row: `api_version` as in a manifest (`apps/v1`), `name` as in `kind:`, `plural` as in a URL."""

    api_version: str
    name: str
    plural: str
    namespaced: bool = True

    def path(self, namespace: str | None = None, name: str | None = None, subresource: str = "") -> str:
        """The URL path of an object, or of a list where there is no `name`; all namespaces where there is no
        `namespace`."""
        root = "api" if "/" not in self.api_version else "apis"
        parts = ["", root, self.api_version]
        if self.namespaced and namespace is not None:
            parts += ["namespaces", quote(namespace, safe="")]
        parts.append(self.plural)
        if name is not None:
            parts.append(quote(name, safe=""))
        if subresource:
            parts.append(subresource)
        return "/".join(parts)


POLICY = Kind(API_VERSION, "RegistryCleanupPolicy", "registrycleanuppolicies")
RUN = Kind(API_VERSION, "RegistryCleanupRun", "registrycleanupruns")
DEPLOYMENT = Kind("apps/v1", "Deployment", "deployments")
STATEFUL_SET = Kind("apps/v1", "StatefulSet", "statefulsets")
DAEMON_SET = Kind("apps/v1", "DaemonSet", "daemonsets")
REPLICA_SET = Kind("apps/v1", "ReplicaSet", "replicasets")
CONTROLLER_REVISION = Kind("apps/v1", "ControllerRevision", "controllerrevisions")
JOB = Kind("batch/v1", "Job", "jobs")
CRON_JOB = Kind("batch/v1", "CronJob", "cronjobs")
REPLICATION_CONTROLLER = Kind("v1", "ReplicationController", "replicationcontrollers")
POD_TEMPLATE = Kind("v1", "PodTemplate", "podtemplates")
POD = Kind("v1", "Pod", "pods")
SERVICE = Kind("v1", "Service", "services")
NODE = Kind("v1", "Node", "nodes", namespaced=False)
SECRET = Kind("v1", "Secret", "secrets")
CONFIG_MAP = Kind("v1", "ConfigMap", "configmaps")
JOB = Kind("batch/v1", "Job", "jobs")
NAMESPACE = Kind("v1", "Namespace", "namespaces", namespaced=False)
EVENT = Kind("events.k8s.io/v1", "Event", "events")
LEASE = Kind("coordination.k8s.io/v1", "Lease", "leases")
AUTOSCALER = Kind("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers")

WORKLOADS = {kind.name: kind for kind in (DEPLOYMENT, STATEFUL_SET)}
"""What `workloadRef.kind` may name."""
