"""The store of a registry that runs in a cluster: read by exec in one of its pods."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import yaml

from regsweep.api.policy import WorkloadRef
from regsweep.clients import podexec
from regsweep.clients.kinds import POD, WORKLOADS
from regsweep.clients.kube import Cluster, Object
from regsweep.clients.registrypod import PodFacts, look_into
from regsweep.core import registry_config, workload
from regsweep.core.collector_job import named_configs
from regsweep.core.oci import Digest
from regsweep.core.shared_store import apart
from regsweep.errors import ClusterError, ClusterNotFound, NoSuchProgram, StorageUnavailable
from regsweep.steps.storage import scripts
from regsweep.steps.storage.places import revisions_folder
from regsweep.steps.storage.store import data_paths

LISTING_SECONDS = 1800.0
LISTING_BYTES = 4 << 30
"""A tag with its revision takes some 500 bytes of it."""
LOOK_SECONDS = 600.0
BYTES_A_PATH = 1 << 10

Execute = Callable[[Cluster, podexec.ContainerRef, podexec.Command], podexec.ExecResult]
Stream = Callable[[Cluster, podexec.ContainerRef, podexec.Command], Iterator[bytes]]


@dataclass(frozen=True, slots=True)
class PodStore:
    """`Store` by exec in `pod`, below the registry's `root` directory."""

    cluster: Cluster
    pod: podexec.ContainerRef
    root: str
    stream: Stream = podexec.stream

    @property
    def name(self) -> str:
        return f"{self.root} in pod {self.pod.namespace}/{self.pod.pod}"

    def listing(self) -> Iterator[bytes]:
        argv = _argv(scripts.LIST, self.root, scripts.REPOSITORIES)
        return self.stream(self.cluster, self.pod, podexec.Command(argv, timeout=LISTING_SECONDS, limit=LISTING_BYTES))

    def look(self, paths: Sequence[str]) -> Iterator[bytes]:
        return self._ask(scripts.LOOK, scripts.REPOSITORIES, paths, 0)

    def traces(self, repository: str) -> Iterator[bytes]:
        argv = (*_argv(scripts.TRACES, self.root, scripts.REPOSITORIES), revisions_folder(repository))
        return self.stream(self.cluster, self.pod, podexec.Command(argv, timeout=LOOK_SECONDS, limit=LISTING_BYTES))

    def sizes(self, digests: Sequence[Digest]) -> Iterator[bytes]:
        return self._ask(scripts.LOOK, scripts.BLOBS, data_paths(digests), 0)

    def contents(self, digests: Sequence[Digest], most: int) -> Iterator[bytes]:
        return self._ask(scripts.SHOW, scripts.BLOBS, data_paths(digests), most)

    def _ask(self, script: str, below: str, paths: Sequence[str], most: int) -> Iterator[bytes]:
        stdin = "".join(f"{path}\n" for path in (*paths, "ended 0", "end")).encode()
        limit = most + (len(paths) + 1) * BYTES_A_PATH
        return self.stream(
            self.cluster,
            self.pod,
            podexec.Command(
                _argv(script, self.root, below), stdin=stdin, timeout=LOOK_SECONDS, limit=limit, knows_its_end=True
            ),
        )


@dataclass(frozen=True, slots=True)
class Workload:
    """The registry's workload. The last two are seams for tests."""

    cluster: Cluster
    namespace: str
    ref: WorkloadRef
    execute: Execute = podexec.execute
    stream: Stream = podexec.stream

    @property
    def name(self) -> str:
        return f"{self.ref.kind} {self.namespace}/{self.ref.name}"


def pod_store(at: Workload) -> PodStore:
    """The store, by any ready pod of the workload. Raises StorageUnavailable with the reason; changes nothing."""
    try:
        found, pods = _pods(at)
        ready = [pod for pod in pods if workload.ready(pod) and workload.container(pod, at.ref.container)]
        if not ready:
            raise StorageUnavailable(f"no pod of {at.name} with a container {at.ref.container!r} is ready")
        pod = podexec.ContainerRef(at.namespace, str(ready[0]["metadata"]["name"]), at.ref.container)
        facts = _facts(at, pod, workload.container(ready[0], at.ref.container) or {})
    except ClusterError as error:
        raise StorageUnavailable(f"the pods of {at.name} cannot be looked into: {error}") from error
    root = _root(facts)
    if why := apart(found, pods, at.ref.container, root):
        raise StorageUnavailable(why)
    return PodStore(at.cluster, pod, root, at.stream)


def _pods(at: Workload) -> tuple[Object, list[Object]]:
    try:
        found = at.cluster.get(WORKLOADS[at.ref.kind], at.namespace, at.ref.name)
    except ClusterNotFound:
        raise StorageUnavailable(f"there is no {at.name}: correct registry.workloadRef") from None
    listed = at.cluster.list(POD, at.namespace, labels=workload.selector(found))
    return found, sorted((pod for pod in listed if workload.alive(pod)), key=lambda pod: str(pod["metadata"]["name"]))


def _facts(at: Workload, pod: podexec.ContainerRef, container: Mapping[str, Any]) -> PodFacts:
    try:
        facts = look_into(partial(at.execute, at.cluster, pod), named_configs(container), scripts.NEEDED)
    except NoSuchProgram as error:
        raise StorageUnavailable(f"its image has no shell to read the store with: {error}") from error
    if facts.missing:
        raise StorageUnavailable(f"its image has no {', '.join(facts.missing)} to read the store with")
    if not facts.config_path or not facts.config:
        raise StorageUnavailable(
            "the registry's configuration file was not found: name its path in the container's args"
        )
    return facts


def _root(facts: PodFacts) -> str:
    try:
        config = yaml.safe_load(facts.config)
    except yaml.YAMLError:
        raise StorageUnavailable("the registry's configuration is not valid YAML") from None
    if not isinstance(config, dict):
        raise StorageUnavailable("the registry's configuration is not a mapping")
    read = registry_config.read(config, facts.env)
    if read.driver != "filesystem":
        raise StorageUnavailable(f"the storage driver is {read.driver or 'not named'}")
    return read.root


def _argv(script: str, root: str, below: str) -> tuple[str, ...]:
    return ("sh", "-c", script, "sh", root, below)
