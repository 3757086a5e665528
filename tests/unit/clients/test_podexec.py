"""An exec's end: exit code, the runtime's refusal, or not known."""

from __future__ import annotations

import json

import pytest

from regsweep.clients.podexec import Command, ContainerRef, ExecResult, _exit_code, _Streams
from regsweep.errors import ExecFailed

HERE = ContainerRef("n", "p", "c")
COMMAND = Command(("sh",))


def _status(**status: object) -> bytes:
    return json.dumps(status).encode()


ENDS = [
    (_status(status="Success"), 0),
    (_status(status="Failure", details={"causes": [{"reason": "ExitCode", "message": "3"}]}), 3),
    (_status(status="Failure", details={"causes": [{"reason": "ExitCode", "message": "many"}]}), None),
    (b'{"status": "Suc', None),
    (b"null", None),
    (_status(reason="nothing"), None),
]


@pytest.mark.parametrize(("status", "expected"), ENDS)
def test_the_exit_code_of_a_status_frame(status, expected):
    assert _exit_code(status, HERE, COMMAND) == expected


def test_a_refusal_of_the_runtime_is_an_error():
    with pytest.raises(ExecFailed, match=r"cannot run 'sh' in n/p \(container c\): not found"):
        _exit_code(_status(status="Failure", message="not found"), HERE, COMMAND)


def test_output_is_kept_to_its_limit():
    streams = _Streams(limit=4)
    for frame in (b"\x01abc", b"\x02err", b"\x01def", b"\x01", b"", b"\x09x"):
        streams.take(frame)
    assert streams.result(0) == ExecResult(0, b"abcd", b"err", truncated=True)


WORDS = [
    (ExecResult(1, b"", b"no\n"), "exit code 1: no"),
    (ExecResult(None, b"", b"", why="cut"), "its end is unknown: cut"),
]


@pytest.mark.parametrize(("result", "expected"), WORDS)
def test_an_end_in_words(result, expected):
    assert result.words() == expected
    assert not result.ok
