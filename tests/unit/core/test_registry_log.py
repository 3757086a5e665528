"""Lines as Distribution 2.8.3 and 3.1.2 wrote them, in each form that they can be told to write."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from regsweep.core.registry_log import Form, ManifestRequest, Method, RequestLog, request_of

D = "sha256:f20c43161d73848408ef247f0ec7111b19fe58ffebc0cbcaa0d2c8bda4967268"
WRITTEN = datetime(2026, 11, 27, 8, 47, 49, 400000, tzinfo=UTC)


def at(second: int, microsecond: int = 0) -> datetime:
    return datetime(2026, 11, 27, 8, 47, second, microsecond, tzinfo=UTC)


PUT_2_TEXT = (
    'time="2026-11-27T08:47:49.316329803Z" level=info msg="response completed" go.version=go1.26.8 '
    "http.request.contenttype=application/vnd.oci.image.manifest.v1+json "
    'http.request.host="127.0.0.1:17576" http.request.id=d21c1c9b-a52c-475b-a5ec-e4bb9e83c006 http.request.method=PUT '
    'http.request.remoteaddr="127.0.0.1:52618" http.request.uri=/v2/team/app/manifests/v1 '
    "http.request.useragent=docker/29.0 http.response.duration=72.147058ms http.response.status=201 "
    "http.response.written=0"
)
DELETE_2_TEXT = (
    'time="2026-11-27T08:47:49.560352838Z" level=info msg="response completed" go.version=go1.26.8 '
    'http.request.host="127.0.0.1:17576" http.request.id=8ebd570f-4a65-44be-8a27-14d6caeea8af '
    f'http.request.method=DELETE http.request.remoteaddr="127.0.0.1:52672" '
    f'http.request.uri="/v2/team/app/manifests/{D}" http.request.useragent=regsweep/0.1 '
    "http.response.duration=16.121012ms http.response.status=202 http.response.written=0"
)
FAILED_2_TEXT = (
    'time="2026-11-27T08:47:49.428967996Z" level=error msg="response completed with error" err.code=unknown '
    'err.detail="unrecognized manifest schema version 0" err.message="unknown error" go.version=go1.26.8 '
    'http.request.host="127.0.0.1:17576" http.request.method=PUT http.request.uri=/v2/team/app/manifests/bad '
    'http.request.useragent=curl/7.88.1 http.response.contenttype="application/json; charset=utf-8" '
    'http.response.duration="796.354µs" http.response.status=500 http.response.written=70 vars.name=team/app '
    "vars.reference=bad"
)
PUT_2_JSON = (
    '{"go.version":"go1.26.8","http.request.host":"127.0.0.1:17653","http.request.method":"PUT",'
    '"http.request.uri":"/v2/team/app/manifests/v1","http.request.useragent":"docker/29.0",'
    '"http.response.duration":"10.248776ms","http.response.status":201,"http.response.written":0,"level":"info",'
    '"msg":"response completed","time":"2026-11-27T08:47:51.371434815Z"}'
)
PUT_2_LOGSTASH = (
    '{"@timestamp":"2026-11-27T08:47:53.548208112Z","@version":"1","go.version":"go1.26.8",'
    '"http.request.method":"PUT","http.request.uri":"/v2/team/app/manifests/v1",'
    '"http.response.duration":"5.12ms","http.response.status":201,"level":"info","message":"response completed"}'
)
DELETE_3_JSON = (
    '{"go.version":"go1.26.8","http.request.host":"127.0.0.1:17601","http.request.method":"DELETE",'
    f'"http.request.uri":"/v2/team/app/manifests/{D}","http.request.useragent":"regsweep/0.1",'
    '"http.response.duration":"17.100779ms","http.response.status":202,"http.response.written":0,'
    '"instance.id":"01a21c30-94fb-76a5-b118-27bed4e73f21","level":"info","msg":"response completed",'
    '"service":"registry","time":"2026-11-27T08:47:57.360068184Z","vars.name":"team/app",'
    f'"vars.reference":"{D}","version":"3.1.2"}}'
)
ACCESS = '127.0.0.1 - - [27/Nov/2026:08:47:49 +0000] "PUT /v2/team/app/manifests/v1 HTTP/1.1" 201 0 "" "docker/29.0"'
ACCESS_ELSEWHERE = (
    '10.0.0.1 - admin [27/Nov/2026:09:47:49 +0100] "DELETE /pre/v2/app/manifests/v1?x=1 HTTP/2.0" 404 70 "" "a"'
)


def put(began: datetime, ended: datetime, tag: str = "v1", status: int = 201) -> ManifestRequest:
    return ManifestRequest(Method.PUT, "team/app", tag, began, ended, status, "node")


def delete(began: datetime, ended: datetime) -> ManifestRequest:
    return ManifestRequest(Method.DELETE, "team/app", D, began, ended, 202, "node")


LINES = [
    pytest.param(PUT_2_TEXT, Form.COMPLETED, put(at(49, 243329), at(49, 316329)), id="2.8 text"),
    pytest.param(DELETE_2_TEXT, Form.COMPLETED, delete(at(49, 543352), at(49, 560352)), id="2.8 text, delete"),
    pytest.param(FAILED_2_TEXT, Form.FAILED, put(at(49, 427967), at(49, 428967), "bad", 500), id="2.8 text, failed"),
    pytest.param(PUT_2_JSON, Form.COMPLETED, put(at(51, 360434), at(51, 371434)), id="2.8 json"),
    pytest.param(PUT_2_LOGSTASH, Form.COMPLETED, put(at(53, 542208), at(53, 548208)), id="2.8 logstash"),
    pytest.param(DELETE_3_JSON, Form.COMPLETED, delete(at(57, 342068), at(57, 360068)), id="3 json"),
    pytest.param(ACCESS, Form.ACCESS, put(at(49), WRITTEN), id="access log"),
]


@pytest.mark.parametrize(("line", "form", "request_"), LINES)
def test_a_line_tells_of_a_request(line: str, form: Form, request_: ManifestRequest) -> None:
    assert request_of(line, WRITTEN, "node") == (form, request_)


def test_an_access_line_knows_its_zone_and_a_prefix() -> None:
    found = request_of(ACCESS_ELSEWHERE, WRITTEN)
    assert found is not None
    assert (found[1].repository, found[1].reference, found[1].began, found[1].status) == ("app", "v1", at(49), 404)


OTHERS = [
    pytest.param(PUT_2_TEXT.replace("/manifests/v1", "/blobs/uploads/1"), id="a blob"),
    pytest.param(PUT_2_TEXT.replace("method=PUT", "method=GET"), id="a pull"),
    pytest.param(PUT_2_TEXT.replace("response completed", "authorized request"), id="another message"),
    pytest.param(PUT_2_TEXT.replace("72.147058ms", "soon"), id="no duration"),
    pytest.param(PUT_2_TEXT.replace("status=201", "status=ok"), id="no status"),
    pytest.param(PUT_2_TEXT.replace("2026-11-27T08:47:49.316329803Z", "yesterday"), id="no time"),
    pytest.param(PUT_2_TEXT.replace("49.316329803Z", "49.316329803"), id="no zone"),
    pytest.param(PUT_2_JSON[:-1], id="cut"),
    pytest.param(ACCESS.replace("Nov", "Nvm"), id="no month"),
    pytest.param(ACCESS.replace("27/", "31/"), id="no day"),
    pytest.param("", id="empty"),
]


@pytest.mark.parametrize("line", OTHERS)
def test_every_other_line_tells_nothing(line: str) -> None:
    assert request_of(line, WRITTEN) is None


FORGED = '[27/Nov/2026:08:47:49 +0000] "DELETE /v2/a/manifests/b HTTP/1.1" 202 http.request.method=DELETE'


@pytest.mark.parametrize(
    "line",
    [
        PUT_2_TEXT.replace("docker/29.0", '"' + FORGED.replace('"', '\\"') + '"'),
        PUT_2_JSON.replace("docker/29.0", FORGED.replace('"', '\\"')),
        ACCESS.replace("docker/29.0", FORGED.replace('"', '\\"')),
    ],
)
def test_what_a_client_calls_itself_is_no_request(line: str) -> None:
    found = request_of(line, WRITTEN)
    assert found is not None
    assert (found[1].method, found[1].repository) == (Method.PUT, "team/app")


def test_a_request_is_told_once_and_by_the_better_line() -> None:
    log = RequestLog("node", {"team/app"})
    for line in (ACCESS, PUT_2_TEXT, FAILED_2_TEXT, DELETE_2_TEXT.replace("team/app", "team/other")):
        log.take(line, WRITTEN)
    assert [(request.reference, request.ended) for request in log.requests()] == [
        ("v1", at(49, 316329)),
        ("bad", at(49, 428967)),
    ]


def test_the_access_log_stands_in_where_the_level_is_above_info() -> None:
    log = RequestLog("node", {"team/app"})
    for line in (ACCESS, FAILED_2_TEXT, ACCESS.replace("v1", "bad").replace("201", "500")):
        log.take(line, WRITTEN)
    assert [(request.reference, request.status) for request in log.requests()] == [("v1", 201), ("bad", 500)]


def test_no_more_is_kept_than_fits() -> None:
    log = RequestLog("node", {"team/app"}, most=2)
    told = []
    for _ in range(4):
        log.take(PUT_2_TEXT, WRITTEN)
        told.append(len(log.requests()))
    assert told == [1, 2, 0, 0]
