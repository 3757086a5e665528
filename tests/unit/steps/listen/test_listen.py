"""The logs of a workload's pods, followed: nothing is missed, nothing told twice, and what cannot be read is said."""

from __future__ import annotations

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest

from regsweep.api.policy import WorkloadRef
from regsweep.clients.kinds import DEPLOYMENT, POD
from regsweep.clients.kube import Cluster
from regsweep.core.oci import Digest
from regsweep.errors import ClusterDenied, ClusterError, ClusterUnreachable
from regsweep.steps import listen
from regsweep.steps.listen import PodLogs
from tests.unit.controller.fake_cluster import FakeCluster
from tests.unit.core.test_registry_log import DELETE_2_TEXT, PUT_2_TEXT, D, at

GONE = {("team/app", Digest(D))}


class Stop:
    """Waits for a moment."""

    def check(self) -> None: ...

    def wait(self, seconds: float) -> None:
        time.sleep(0.001)


@dataclass
class Container:
    """A log that grows, and breaks off as often as it is told to."""

    lines: list[bytes] = field(default_factory=lambda: [stamped(0, "listening on [::]:5000")])
    breaks: list[ClusterError | None] = field(default_factory=list)
    asked: list[tuple[str, int]] = field(default_factory=list)

    def write(self, second: int, text: str) -> None:
        self.lines.append(stamped(second, text))

    def follow(self, since: str, tail: int) -> Iterator[bytes]:
        self.asked.append((since, tail))
        place = len(self.lines) - tail if tail else 0
        while True:
            for line in self.lines[place:]:
                if not since or line[:20].decode() >= since[:19]:
                    yield line[:7]
                    yield line[7:]
            place = len(self.lines)
            if self.breaks:
                error = self.breaks.pop(0)
                if error is not None:
                    raise error
                return
            time.sleep(0.001)


def stamped(second: int, text: str) -> bytes:
    return f"{at(second):%Y-%m-%dT%H:%M:%S}.123456789Z {text}\n".encode()


class Api(FakeCluster):
    """With logs."""

    def __init__(self) -> None:
        super().__init__()
        self.containers: dict[str, Container] = {}
        self.put(DEPLOYMENT, "registry", {"spec": {"selector": {}}})

    def put(self, kind: Any, name: str, body: dict[str, Any]) -> None:
        self.objects[kind.name, "n", name] = {"metadata": {"name": name, "namespace": "n"}, **body}

    def pod(self, name: str) -> Container:
        status = {"phase": "Running", "containerStatuses": [{"name": "registry", "containerID": f"c://{name}"}]}
        self.put(POD, name, {"spec": {"nodeName": "node1"}, "status": status})
        self.containers[name] = Container()
        return self.containers[name]

    def follow(
        self, namespace: str, pod: str, container: str, *, since: str = "", tail: int = 0
    ) -> Generator[bytes, None, None]:
        self.fails("follow", "Pod", pod)
        yield from self.containers[pod].follow(since, tail)


@pytest.fixture
def api(monkeypatch: pytest.MonkeyPatch) -> Api:
    monkeypatch.setattr("regsweep.steps.listen.follower._AGAIN_SECONDS", 0.001)
    monkeypatch.setattr(listen, "BEGIN_SECONDS", 30.0)
    return Api()


def logs(api: Api) -> PodLogs:
    return PodLogs(cast("Cluster", api), "n", WorkloadRef(kind="Deployment", name="registry"), Stop())


def until(true: Any) -> None:
    for _ in range(5000):
        if true():
            return
        time.sleep(0.002)
    raise AssertionError


def test_only_what_is_written_from_now_on_is_told(api: Api) -> None:
    pod = api.pod("registry-1")
    pod.write(1, PUT_2_TEXT.replace("v1", "before"))
    pod.write(2, "ready")
    with logs(api).listen({"team/app"}) as heard:
        pod.write(3, PUT_2_TEXT)
        pod.write(4, DELETE_2_TEXT)
        found = heard.requests(GONE)
    assert [(request.reference, request.node) for request in found] == [("v1", "node1"), (D, "node1")]
    assert pod.asked == [("", 1)]


@pytest.mark.parametrize("error", [None, ClusterUnreachable("cut off")])
def test_a_connection_that_ends_is_made_again_and_tells_no_line_twice(api: Api, error: ClusterError | None) -> None:
    pod = api.pod("registry-1")
    with logs(api).listen({"team/app"}) as heard:
        pod.write(3, PUT_2_TEXT)
        until(lambda: len(heard.requests(frozenset())) == 1)
        pod.breaks += [error, error]
        until(lambda: not pod.breaks)
        pod.write(4, DELETE_2_TEXT)
        assert [request.reference for request in heard.requests(GONE)] == ["v1", D]
    assert pod.asked[1] == ("2026-11-27T08:47:03Z", 0)


def test_a_pod_that_begins_meanwhile_is_read_from_its_beginning(api: Api) -> None:
    first = api.pod("registry-1")
    with logs(api).listen({"team/app"}) as heard:
        first.write(3, PUT_2_TEXT)
        second = api.pod("registry-2")
        second.write(4, DELETE_2_TEXT)
        second.write(5, "more")
        until(lambda: [request.reference for request in heard.requests(GONE)] == ["v1", D])
    assert second.asked == [("", 0)]


def test_a_log_that_never_shows_a_deletion_is_not_waited_for_for_ever(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listen, "CATCH_UP_SECONDS", 0.3)
    pod = api.pod("registry-1")
    with logs(api).listen({"team/app"}) as heard:
        pod.write(3, PUT_2_TEXT)
        until(lambda: len(heard.requests(frozenset())) == 1)
        assert [request.reference for request in heard.requests(GONE)] == ["v1"]


def test_a_right_that_is_missing_is_said(api: Api) -> None:
    api.pod("registry-1")

    def fails(verb: str, kind: str, name: str) -> None:
        if verb == "follow":
            raise ClusterDenied("pods/log is forbidden")

    api.fails = fails
    with pytest.raises(ClusterDenied, match="pods/log is forbidden"), logs(api).listen({"team/app"}):
        pass


def test_no_pod_and_no_line_are_said(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ClusterUnreachable, match="Deployment n/registry has no pod"), logs(api).listen({"team/app"}):
        pass
    monkeypatch.setattr(listen, "BEGIN_SECONDS", 0.3)
    api.pod("registry-1").lines.clear()
    with pytest.raises(ClusterUnreachable, match="the log of registry-1 gives no line"), logs(api).listen({"team/app"}):
        pass


def test_a_line_without_an_end_is_not_kept(api: Api) -> None:
    pod = api.pod("registry-1")
    with logs(api).listen({"team/app"}) as heard:
        pod.lines += [stamped(3, "x" * 100_000)[:-1]] * 3
        pod.lines += [b"\n"]
        pod.write(4, DELETE_2_TEXT)
        assert [request.reference for request in heard.requests(GONE)] == [D]


def test_times_of_the_log_are_kept(api: Api) -> None:
    """The access log knows when a request began; the log knows when it was written."""
    pod = api.pod("registry-1")
    with logs(api).listen({"team/app"}) as heard:
        pod.write(
            50, f'1.1.1.1 - - [27/Nov/2026:08:47:49 +0000] "DELETE /v2/team/app/manifests/{D} HTTP/1.1" 202 0 "" ""'
        )
        (request,) = heard.requests(GONE)
    assert request.ended - request.began == timedelta(seconds=1, microseconds=123456)
