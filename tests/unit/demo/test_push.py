"""The order of pushes, and where they may go."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import requests
from requests.adapters import BaseAdapter

from regsweep.demo.documents import Artifact
from regsweep.demo.images import image_on
from regsweep.demo.push import Pusher, waves
from regsweep.errors import RegistryMisbehaved

IMAGE = image_on((), "any", datetime(2026, 3, 1, tzinfo=UTC), size=10)


def at(*tags: str, repository: str = "team/app") -> Artifact:
    return IMAGE.at(repository, *tags)


@pytest.mark.parametrize(
    ("artifacts", "expected"),
    [
        ([], []),
        ([at("a"), at("b")], [[0, 1]]),
        ([at("a"), at("b"), at("a")], [[0, 1], [2]]),
        ([at("a"), at("a"), at("a")], [[0], [1], [2]]),
        ([at("a"), at("a", "b"), at("b")], [[0], [1], [2]]),
        ([at("a"), at("a", repository="team/other")], [[0, 1]]),
        ([at(), at()], [[0, 1]]),
    ],
    ids=["none", "apart", "overwritten", "three times", "chained", "other repository", "untagged"],
)
def test_a_tag_pushed_again_comes_in_a_later_round(artifacts: list[Artifact], expected: list[list[int]]) -> None:
    assert waves(artifacts) == [[artifacts[number] for number in wave] for wave in expected]


class Recorder(BaseAdapter):
    """A registry that has no blob, takes every one, and answers an upload with `location`."""

    def __init__(self, location: str, manifest_status: int = 201) -> None:
        super().__init__()
        self.location = location
        self.manifest_status = manifest_status
        self.asked: list[tuple[str, str]] = []

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        self.asked.append((str(request.method), str(request.url)))
        response = requests.Response()
        response.status_code = {"HEAD": 404, "POST": 202, "PUT": 201}[str(request.method)]
        if "/manifests/" in str(request.url):
            response.status_code = self.manifest_status
        response.headers["Location"] = self.location
        response._content = b"because"
        return response

    def close(self) -> None:
        pass


def push_to(recorder: Recorder) -> None:
    with Pusher("http://registry:5000/", ("user", "secret")) as pusher:
        pusher._session.mount("http://", recorder)
        pusher.push(at("v1", "v2"))


@pytest.mark.parametrize(
    "location",
    ["/v2/team/app/blobs/uploads/1?_state=x", "http://elsewhere/v2/team/app/blobs/uploads/1?_state=x"],
    ids=["relative", "another host"],
)
def test_an_upload_stays_with_the_registry(location: str) -> None:
    recorder = Recorder(location)
    push_to(recorder)
    config, payload = (blob.digest.replace(":", "%3A") for blob in IMAGE.blobs)
    upload = "http://registry:5000/v2/team/app/blobs/uploads/"
    assert [address for method, address in recorder.asked if method == "PUT"] == [
        f"{upload}1?_state=x&digest={config}",
        f"{upload}1?_state=x&digest={payload}",
        "http://registry:5000/v2/team/app/manifests/v1",
        "http://registry:5000/v2/team/app/manifests/v2",
    ]


def test_a_refused_manifest_says_what_and_why_without_the_password() -> None:
    with pytest.raises(RegistryMisbehaved, match="team/app:v1 was answered 400, not 201: because") as raised:
        push_to(Recorder("/upload?x=y", manifest_status=400))
    assert "secret" not in str(raised.value)
