"""The Kubernetes client at its own seam: what is sent, how answers become objects, and which error each failure is."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
import urllib3.exceptions
from kubernetes import client

from regsweep.clients import answers, kube
from regsweep.clients.kinds import CONFIG_MAP, NAMESPACE, POD, RUN
from regsweep.errors import (
    ClusterConflict,
    ClusterDenied,
    ClusterError,
    ClusterNotFound,
    ClusterUnreachable,
    InvalidInput,
    RegsweepError,
)

TOKEN = "very-secret-token"


class Pool:
    """Answers what it was given, in order, and keeps what it was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, dict[str, Any]]] = []

    def request(self, verb: str, url: str, **options: Any) -> Any:
        self.asked.append((verb, url, options))
        status, body = self.answers.pop(0)
        if isinstance(status, Exception):
            raise status
        return urllib3.HTTPResponse(body=_reader(body), status=status, preload_content=False)


def _reader(body: Any) -> Any:
    return io.BytesIO(body if isinstance(body, bytes) else json.dumps(body).encode())


def cluster_on(*answers: Any) -> tuple[kube.Cluster, Pool]:
    settings = client.Configuration()
    settings.host = "https://cluster"
    settings.api_key["BearerToken"] = f"Bearer {TOKEN}"
    found = kube.Cluster(client.ApiClient(settings))
    pool = Pool(*answers)
    found._api.rest_client.pool_manager = pool  # type: ignore[assignment]
    return found, pool


def page(*names: str, token: str = "") -> dict[str, Any]:
    return {"metadata": {"continue": token}, "items": [{"metadata": {"name": name, "uid": name}} for name in names]}


PATHS = [
    (POD.path("n", "p", "exec"), "/api/v1/namespaces/n/pods/p/exec"),
    (POD.path(), "/api/v1/pods"),
    (RUN.path("n", "r", "status"), "/apis/regsweep.dev/v1alpha1/namespaces/n/registrycleanupruns/r/status"),
    (NAMESPACE.path(None, "n"), "/api/v1/namespaces/n"),
    (POD.path("n/../m", "p?x"), "/api/v1/namespaces/n%2F..%2Fm/pods/p%3Fx"),
]


@pytest.mark.parametrize(("path", "expected"), PATHS, ids=[expected for _, expected in PATHS])
def test_where_an_object_is(path, expected):
    assert path == expected


def test_every_request_has_time_limits_the_token_and_our_name():
    cluster, pool = cluster_on((200, {}))
    cluster.get(POD, "n", "p")
    verb, url, options = pool.asked[0]
    assert (verb, url) == ("GET", "https://cluster/api/v1/namespaces/n/pods/p")
    assert (options["timeout"].connect_timeout, options["timeout"].read_timeout) == kube.TIMEOUT
    assert options["headers"]["authorization"] == f"Bearer {TOKEN}"
    assert options["headers"]["User-Agent"].startswith("regsweep/")
    assert options["redirect"] is False


def test_a_list_is_read_to_its_end():
    cluster, pool = cluster_on((200, page("a", "b", token="next page")), (200, page("c")))
    found = list(cluster.list(POD, "n", labels="app=x"))
    assert [(pod["metadata"]["name"], pod["kind"]) for pod in found] == [("a", "Pod"), ("b", "Pod"), ("c", "Pod")]
    assert [url.partition("?")[2] for _, url, _ in pool.asked] == [
        "limit=500&labelSelector=app%3Dx",
        "limit=500&continue=next+page&labelSelector=app%3Dx",
    ]


def test_a_list_that_is_too_old_starts_again_and_gives_nothing_twice():
    cluster, _ = cluster_on(
        (200, page("a", "b", token="t")),
        (410, {"message": "too old"}),
        (200, page("a", "b", token="u")),
        (200, page("c")),
    )
    assert [pod["metadata"]["name"] for pod in cluster.list(POD, None)] == ["a", "b", "c"]


def test_a_list_that_breaks_off_is_no_list():
    cluster, _ = cluster_on((200, page("a", token="t")), (500, {"message": "etcd"}))
    found = cluster.list(POD, None)
    assert next(found)["metadata"]["name"] == "a"
    with pytest.raises(ClusterUnreachable):
        next(found)


def test_pages_are_given_as_they_come_and_anew_from_the_start():
    cluster, pool = cluster_on(
        (200, page("a", token="t")), (410, {"message": "too old"}), (200, page("a", token="u")), (200, page("b"))
    )
    found = [[pod["metadata"]["name"] for pod in each] for each in cluster.pages(POD, None, limit=1)]
    assert (found, "limit=1&continue=t" in pool.asked[1][1]) == ([["a"], ["a"], ["b"]], True)


def test_a_page_that_is_too_large_is_asked_for_in_smaller_ones(monkeypatch):
    monkeypatch.setattr(answers, "MAXIMUM_PAGE_BYTES", 300)
    large = page(*(f"pod-{number}" for number in range(20)))
    cluster, pool = cluster_on(
        (200, page("a", token="t")), (200, large), (200, large), (200, page("b", token="u")), (200, page("c"))
    )
    assert [pod["metadata"]["name"] for pod in cluster.list(POD, None)] == ["a", "b", "c"]
    queries = [url.partition("?")[2] for _, url, _ in pool.asked]
    assert queries == ["limit=500", *(f"limit={limit}&continue=t" for limit in (500, 100, 20)), "limit=20&continue=u"]


def test_one_object_that_is_too_large_ends_the_list(monkeypatch):
    monkeypatch.setattr(answers, "MAXIMUM_PAGE_BYTES", 10)
    monkeypatch.setattr(answers, "MAXIMUM_ANSWER_BYTES", 20)
    cluster, pool = cluster_on(*[(200, page("a-long-name")) for _ in range(5)])
    with pytest.raises(ClusterError, match="larger than 20 bytes"):
        list(cluster.list(POD, None))
    assert [url.rpartition("=")[2] for _, url, _ in pool.asked] == ["500", "100", "20", "4", "1"]


def test_a_list_that_is_always_too_old_is_given_up():
    forgotten = [answer for _ in range(9) for answer in ((200, page("a", token="t")), (410, {"message": "too old"}))]
    cluster, pool = cluster_on(*forgotten)
    with pytest.raises(ClusterError, match="the list of pods expired 4 times before its end"):
        list(cluster.list(POD, None))
    assert len(pool.asked) == 2 * (kube.RESTARTS + 1)


NO_LISTS: list[Any] = [
    {},
    {"kind": "Status", "status": "Success"},
    {"metadata": {}},
    {"items": []},
    {"metadata": {}, "items": {}},
    {"metadata": [], "items": []},
    {"metadata": {"continue": 7}, "items": []},
    {"metadata": {}, "items": [None]},
    {"metadata": {}, "items": [{"metadata": None}]},
    {"metadata": {}, "items": [{"metadata": {"name": 1}}]},
]


@pytest.mark.parametrize("answer", NO_LISTS, ids=str)
def test_what_is_no_list_does_not_pass_for_an_empty_one(answer):
    cluster, _ = cluster_on((200, answer))
    with pytest.raises(ClusterError, match="the list of pods is malformed"):
        list(cluster.list(POD, None))


def test_null_is_an_empty_list():
    cluster, _ = cluster_on((200, {"metadata": {}, "items": None}))
    assert list(cluster.list(POD, None)) == []


NO_POOL: Any = None


def test_a_log_is_followed_from_its_last_lines_or_from_a_time():
    text = b"2026-11-27T08:47:03.123456789Z one\n"
    cluster, pool = cluster_on((200, text), (200, text))
    assert b"".join(cluster.follow("n", "p", "c", tail=1)) == text
    assert b"".join(cluster.follow("n", "p", "c", since="2026-11-27T08:47:03Z")) == text
    query = "container=c&timestamps=true&follow=true"
    assert [url.partition("/pods/")[2] for _, url, _ in pool.asked] == [
        f"p/log?{query}&tailLines=1",
        f"p/log?{query}&sinceTime=2026-11-27T08%3A47%3A03Z",
    ]


@pytest.mark.parametrize(
    ("error", "ends"), [(urllib3.exceptions.ReadTimeoutError(NO_POOL, "", "silence"), True), (OSError("gone"), False)]
)
def test_a_log_that_is_silent_ends_and_one_that_breaks_off_says_so(error, ends):
    class Broken(io.BytesIO):
        def read1(self, size=-1):
            return super().read1(size) or self.fail()

        def fail(self):
            raise error

    cluster, pool = cluster_on()
    answer = urllib3.HTTPResponse(body=Broken(b"line\n"), status=200, preload_content=False)
    pool.request = lambda *_, **__: answer  # type: ignore[method-assign]
    pieces = cluster.follow("n", "p", "c")
    assert next(pieces) == b"line\n"
    if ends:
        assert list(pieces) == []
    else:
        with pytest.raises(ClusterUnreachable, match=r"the log broke off: .*gone"):
            list(pieces)
    assert answer.closed


def test_a_log_that_may_not_be_read_says_so():
    cluster, _ = cluster_on((403, {"message": "pods/log is forbidden"}))
    with pytest.raises(ClusterDenied, match="pods/log is forbidden"):
        list(cluster.follow("n", "p", "c"))


def test_an_answer_that_trickles_is_none(monkeypatch):
    monkeypatch.setattr(answers, "MAXIMUM_ANSWER_SECONDS", -1.0)
    cluster, _ = cluster_on((200, {}))
    with pytest.raises(ClusterUnreachable, match="takes longer than"):
        cluster.get(POD, "n", "p")


def test_apply_is_never_forced():
    cluster, pool = cluster_on((200, {}), (200, {}))
    body = {"metadata": {"namespace": "n", "name": "c"}, "data": {}}
    cluster.apply(CONFIG_MAP, body, dry_run=True)
    cluster.patch_status(RUN, "n", "r", {"status": {}})
    verb, url, options = pool.asked[0]
    query = "?fieldManager=regsweep&force=false"
    assert (verb, url) == ("PATCH", f"https://cluster/api/v1/namespaces/n/configmaps/c{query}&dryRun=All")
    assert options["headers"]["Content-Type"] == "application/apply-patch+yaml"
    assert json.loads(options["body"]) == {"apiVersion": "v1", "kind": "ConfigMap"} | body
    assert pool.asked[1][1].endswith(f"registrycleanupruns/r/status{query}")
    assert json.loads(pool.asked[1][2]["body"])["metadata"] == {"namespace": "n", "name": "r"}


WRITES: dict[str, Callable[[kube.Cluster], object]] = {
    "apply": lambda cluster: cluster.apply(POD, {"metadata": {"namespace": "n", "name": "p"}}),
    "status": lambda cluster: cluster.patch_status(RUN, "n", "r", {"status": {}}),
    "create": lambda cluster: cluster.create(POD, "n", {}),
    "replace": lambda cluster: cluster.replace(POD, "n", {"metadata": {"name": "p"}}),
    "merge": lambda cluster: cluster.merge(POD, "n", "p", {}),
    "delete": lambda cluster: cluster.delete(POD, "n", "p"),
    "exec": lambda cluster: cluster.handshake("/exec", ()),
}


@pytest.mark.parametrize("write", WRITES.values(), ids=WRITES.keys())
def test_a_fence_stands_before_every_write(write):
    """An operator that stood still must not go on where another one took over; it may look."""

    def fence() -> None:
        raise ClusterConflict("the Lease was lost")

    cluster, pool = cluster_on((200, {"metadata": {}}))
    fenced = cluster.fenced(fence)
    with pytest.raises(ClusterConflict, match="the Lease was lost"):
        write(fenced)
    assert pool.asked == []
    fenced.get(POD, "n", "p")


def test_a_delete_may_name_the_very_object():
    cluster, pool = cluster_on((200, {}))
    cluster.delete(POD, "n", "p", uid="u", grace_seconds=0)
    assert json.loads(pool.asked[0][2]["body"]) == {
        "propagationPolicy": "Background",
        "preconditions": {"uid": "u"},
        "gracePeriodSeconds": 0,
    }


FAILURES: list[tuple[Any, Any, type[RegsweepError], str]] = [
    (401, {"message": "Unauthorized"}, ClusterDenied, "Unauthorized"),
    (403, {"message": "pods is forbidden"}, ClusterDenied, "pods is forbidden"),
    (404, {"message": 'pods "p" not found'}, ClusterNotFound, "not found"),
    (409, {"message": 'conflict with "kubectl"'}, ClusterConflict, 'conflict with "kubectl"'),
    (422, {"message": "Invalid value"}, ClusterError, "Invalid value"),
    (429, {"message": "slow down"}, ClusterUnreachable, "slow down"),
    (500, b"<html>", ClusterUnreachable, "HTTP status 500"),
    (503, [], ClusterUnreachable, "HTTP status 503"),
    (200, b"<html>", ClusterError, "not a JSON object"),
    (200, b"[]", ClusterError, "not a JSON object"),
    (200, b'{"a":' * 100_000, ClusterError, "not a JSON object"),
    (500, b'{"a":' * 100_000, ClusterUnreachable, "HTTP status 500"),
    (302, b"", ClusterError, "HTTP status 302"),
    (urllib3.exceptions.ProtocolError("cut"), None, ClusterUnreachable, "does not answer: cut"),
    (OSError("gone"), None, ClusterUnreachable, "https://cluster does not answer: gone"),
]


@pytest.mark.parametrize(("status", "body", "error", "words"), FAILURES, ids=[str(case[0]) for case in FAILURES])
def test_each_failure_is_one_of_ours(status, body, error, words):
    cluster, _ = cluster_on((status, body))
    with pytest.raises(error) as caught:
        cluster.get(POD, "n", "p")
    assert type(caught.value) is error
    assert words in str(caught.value)
    assert TOKEN not in str(caught.value)


def test_an_answer_has_a_size_limit(monkeypatch):
    monkeypatch.setattr(answers, "MAXIMUM_ANSWER_BYTES", 10)
    cluster, _ = cluster_on((200, {"much": "too much"}))
    with pytest.raises(ClusterError, match="larger than 10 bytes"):
        cluster.get(POD, "n", "p")


def test_a_message_has_a_size_limit():
    cluster, _ = cluster_on((422, {"message": "x" * 100_000}))
    with pytest.raises(ClusterError) as caught:
        cluster.get(POD, "n", "p")
    assert len(str(caught.value)) < 1200


def test_no_login_names_the_fix(tmp_path, monkeypatch):
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)
    with pytest.raises(InvalidInput, match="Name a kubeconfig with --kubeconfig"):
        kube.Cluster.connect(str(tmp_path / "none"))


def test_a_kubeconfig_says_where_it_stands(tmp_path):
    path = tmp_path / "config"
    context = {"cluster": "c", "user": "u"}
    contexts = [{"name": "a", "context": context | {"namespace": "mine"}}, {"name": "b", "context": context}]
    path.write_text(
        json.dumps(
            {
                "current-context": "a",
                "clusters": [{"name": "c", "cluster": {"server": "https://cluster"}}],
                "users": [{"name": "u", "user": {"token": TOKEN}}],
                "contexts": contexts,
            }
        )
    )
    assert kube.Cluster.connect(str(path)).namespace == "mine"
    assert kube.Cluster.connect(str(path), "b").namespace == "default"
