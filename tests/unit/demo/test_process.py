"""A binary that is none is refused in words that help; the configuration says what was asked for."""

from __future__ import annotations

import json
import socket
import struct
from pathlib import Path

import pytest

from regsweep.demo.options import TLS, RegistryOptions, TokenAuth, configuration
from regsweep.demo.process import RegistryProcess
from regsweep.errors import InvalidInput, RegistryUnreachable


def executable(folder: Path, text: str) -> Path:
    path = folder / "registry"
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("name", ["missing", "folder", "plain"])
def test_no_executable_file_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "plain").write_text("no program")
    with pytest.raises(InvalidInput, match=r"no executable file; give the path of a `registry` binary"):
        RegistryProcess(tmp_path / name, tmp_path / "store")


def test_a_file_of_another_machine_is_refused(tmp_path: Path) -> None:
    registry = RegistryProcess(executable(tmp_path, "\x7fELF?"), tmp_path / "store")
    with pytest.raises(InvalidInput, match="cannot be run here"):
        registry.version()
    with pytest.raises(InvalidInput, match="cannot be run here"):
        registry.start()


def test_a_program_without_a_version_is_refused(tmp_path: Path) -> None:
    registry = RegistryProcess(executable(tmp_path, "#!/bin/sh\necho hello\n"), tmp_path / "store")
    with pytest.raises(InvalidInput, match="'hello', which names no version"):
        registry.version()


def test_a_program_that_ends_at_once_is_reported_with_its_words(tmp_path: Path) -> None:
    registry = RegistryProcess(executable(tmp_path, "#!/bin/sh\necho no such luck; exit 3\n"), tmp_path / "store")
    with pytest.raises(RegistryUnreachable, match="ended, code 3; its log: no such luck"):
        registry.start()


def test_a_program_that_never_answers_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("regsweep.demo.process.START_SECONDS", 0.3)
    registry = RegistryProcess(executable(tmp_path, "#!/bin/sh\nexec sleep 60\n"), tmp_path / "store")
    with pytest.raises(RegistryUnreachable, match=r"ConnectionRefusedError in 0\.3 s"):
        registry.start()
    with pytest.raises(RegistryUnreachable, match="is not running"):
        _ = registry.pid


def test_a_peer_that_goes_away_before_the_first_word_leaves_no_socket_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a registry does that listens before it misses its certificate. A socket left open fails the test."""
    monkeypatch.setattr("regsweep.demo.process.START_SECONDS", 0.3)
    connect = socket.socket.connect

    def and_lose_the_peer(client: socket.socket, address: tuple[str, int]) -> None:
        connect(client, address)
        peer, _ = listener.accept()
        with peer:
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    monkeypatch.setattr(socket.socket, "connect", and_lose_the_peer)
    program = executable(tmp_path, "#!/bin/sh\nexec sleep 60\n")
    options = RegistryOptions(tls=TLS(tmp_path / "crt", tmp_path / "key"))
    registry = RegistryProcess(program, tmp_path / "store", options)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        registry.port = listener.getsockname()[1]
        with pytest.raises(RegistryUnreachable, match=r"ConnectionResetError in 0\.3 s"):
            registry.start()


def configured(options: RegistryOptions) -> dict[str, dict[str, object]]:
    parsed: dict[str, dict[str, object]] = json.loads(configuration(options, Path("/store"), 5000, "instance"))
    return parsed


def test_by_default_deleting_is_on_and_descriptors_are_cached() -> None:
    made = configured(RegistryOptions())
    assert made["storage"] == {
        "filesystem": {"rootdirectory": "/store"},
        "delete": {"enabled": True},
        "maintenance": {"uploadpurging": {"enabled": False}, "readonly": {"enabled": False}},
        "cache": {"blobdescriptor": "inmemory"},
    }
    assert made["http"]["addr"] == "127.0.0.1:5000"
    assert "auth" not in made


@pytest.mark.parametrize(
    ("options", "room", "part", "expected"),
    [
        (RegistryOptions(cache=None), "storage", "cache", None),
        (RegistryOptions(delete_enabled=False), "storage", "delete", {"enabled": False}),
        (RegistryOptions(htpasswd=Path("/pw")), "auth", "htpasswd", {"realm": "registry", "path": "/pw"}),
        (
            RegistryOptions(token=TokenAuth("http://tokens/", "registry", "me", Path("/ca.pem"))),
            "auth",
            "token",
            {"realm": "http://tokens/", "service": "registry", "issuer": "me", "rootcertbundle": "/ca.pem"},
        ),
        (RegistryOptions(tls=TLS(Path("/c"), Path("/k"))), "http", "tls", {"certificate": "/c", "key": "/k"}),
    ],
    ids=["no cache", "no delete", "htpasswd", "token", "tls"],
)
def test_an_option_reaches_the_configuration(options: RegistryOptions, room: str, part: str, expected: object) -> None:
    assert configured(options)[room].get(part) == expected
