"""The fence of tests/unit/conftest.py bites, and lets loopback through."""

from __future__ import annotations

import socket

import pytest

from tests.unit.conftest import NetworkIsOff


@pytest.mark.parametrize("host", ["192.0.2.1", "registry.example.com"])
def test_the_world_is_out_of_reach(host: str):
    with pytest.raises(BaseException, match=f"a unit test tried to reach {host}") as caught:
        socket.create_connection((host, 5000), timeout=1)
    assert type(caught.value).__name__ == NetworkIsOff.__name__


def test_loopback_is_not():
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        socket.create_connection(("localhost", server.getsockname()[1]), timeout=5) as client,
    ):
        assert client.getpeername()[0] == "127.0.0.1"
