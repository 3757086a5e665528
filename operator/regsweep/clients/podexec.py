"""Run a command in a container of a pod, and know how it ended: with an exit code, or not known at all.

Not the official client's `stream()`: it swaps methods of a shared client, keeps all output in memory, never
pings, and loses the exit code of a command whose connection broke. A connection that ends without the status
frame leaves the command's end *unknown*: the process may well go on in the pod, so that is neither success
nor failure.

Protocol: Kubernetes remote command, `v5.channel.k8s.io` and `v4.channel.k8s.io` (KEP-4006): each frame's
first byte is its channel: 0 stdin, 1 stdout, 2 stderr, 3 the status as JSON, 255 (v5) closes the channel
that its second byte names.
"""

from __future__ import annotations

import json
import re
import ssl
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field

import certifi
import websocket
from kubernetes.client import Configuration
from kubernetes.stream.ws_client import websocket_proxycare

from regsweep.clients.answers import error_of
from regsweep.clients.kinds import POD
from regsweep.clients.kube import Cluster
from regsweep.errors import ClusterUnreachable, ExecFailed, NoSuchProgram

_V5 = "v5.channel.k8s.io"
_V4 = "v4.channel.k8s.io"
_STDIN, _STDOUT, _STDERR, _STATUS, _CLOSE = 0, 1, 2, 3, 255
_CONNECT_SECONDS = 15.0
_LOOK_SECONDS = 2.0
"""How long one read waits before the clock is looked at."""
_PING_SECONDS = 25.0
"""Load balancers cut what is silent for longer, often after 60 or 300 seconds."""
_CHUNK = 32 << 10
_MAXIMUM_STATUS_BYTES = 64 << 10


@dataclass(frozen=True, slots=True)
class ContainerRef:
    namespace: str
    pod: str
    container: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.pod} (container {self.container})"


@dataclass(frozen=True, slots=True)
class Command:
    """What to run. `timeout` in seconds for all of it; of each output stream the first `limit` bytes are
    kept. `knows_its_end`: it stops reading standard input by itself, so that nobody has to close that (which an
    API server before Kubernetes 1.30 cannot)."""

    argv: tuple[str, ...]
    stdin: bytes | None = None
    timeout: float = 60.0
    limit: int = 1 << 20
    knows_its_end: bool = False


@dataclass(frozen=True, slots=True)
class ExecResult:
    """How a command ended. `exit_code` None: unknown, and `why` says so; the process may still run in the
    pod."""

    exit_code: int | None
    stdout: bytes
    stderr: bytes
    truncated: bool = False
    why: str = ""

    @property
    def ok(self) -> bool:
        return self.exit_code == 0

    def words(self) -> str:
        """The end in words, for a message: exit code and the last of stderr."""
        said = self.stderr.decode("utf-8", "replace").strip()[-300:]
        end = f"exit code {self.exit_code}" if self.exit_code is not None else f"its end is unknown: {self.why}"
        return f"{end}: {said}" if said else end


@dataclass(slots=True)
class _Streams:
    limit: int
    kept: dict[int, bytearray] = field(
        default_factory=lambda: {channel: bytearray() for channel in (_STDOUT, _STDERR, _STATUS)}
    )
    truncated: bool = False

    def take(self, frame: bytes) -> None:
        if len(frame) < 2 or frame[0] not in self.kept:
            return
        channel = frame[0]
        room = (_MAXIMUM_STATUS_BYTES if channel == _STATUS else self.limit) - len(self.kept[channel])
        self.kept[channel] += frame[1 : 1 + max(room, 0)]
        self.truncated |= len(frame) - 1 > room

    def result(self, exit_code: int | None, why: str = "") -> ExecResult:
        return ExecResult(exit_code, bytes(self.kept[_STDOUT]), bytes(self.kept[_STDERR]), self.truncated, why)


def execute(cluster: Cluster, target: ContainerRef, command: Command) -> ExecResult:
    """Run `command` and wait for its end.

    Raises ClusterDenied, ClusterNotFound or ClusterUnreachable where it could not be begun, and ExecFailed where the
    runtime did not run it: NoSuchProgram where the container has no such program. A time-out or a broken connection is
    a result with `exit_code` None.
    """
    deadline = time.monotonic() + command.timeout
    socket = _connect(cluster, target, command)
    streams = _Streams(command.limit)
    try:
        if command.stdin is not None:
            _send(socket, command)
        why = _pump(socket, streams, deadline)
    except (websocket.WebSocketException, OSError) as error:
        why = f"the connection broke: {error}"
    finally:
        socket.shutdown()  # type: ignore[no-untyped-call]
    status = bytes(streams.kept[_STATUS])
    return streams.result(_exit_code(status, target, command)) if status else streams.result(None, why)


def stream(cluster: Cluster, target: ContainerRef, command: Command) -> Iterator[bytes]:
    """What `command` prints, as it comes; nothing of it is kept. It is whole only where the iterator ends by itself.

    Raises as `execute`, and ExecFailed at the end where the exit code was not 0 or is not known, where it took longer
    than its time limit, and where more than `limit` bytes came.
    """
    deadline = time.monotonic() + command.timeout
    socket = _connect(cluster, target, command)
    streams, count = _Streams(_MAXIMUM_STATUS_BYTES), 0
    frames = _frames(socket, deadline)
    try:
        if command.stdin is not None:
            _send(socket, command)
        while (frame := next(frames, None)) is not None:
            if frame[:1] != bytes([_STDOUT]):
                streams.take(frame)
                continue
            count += len(frame) - 1
            if count > command.limit:
                raise ExecFailed(f"{command.argv[0]!r} in {target} printed more than {command.limit} bytes")
            yield frame[1:]
        why = "it took longer than its time limit, or the connection was closed before its status came"
    except (websocket.WebSocketException, OSError) as error:
        why = f"the connection broke: {error}"
    finally:
        socket.shutdown()  # type: ignore[no-untyped-call]
    status = bytes(streams.kept[_STATUS])
    result = streams.result(_exit_code(status, target, command) if status else None, "" if status else why)
    if not result.ok:
        raise ExecFailed(f"{command.argv[0]!r} in {target} did not end well: {result.words()}")


def _connect(cluster: Cluster, target: ContainerRef, command: Command) -> websocket.WebSocket:
    query = [("container", target.container), ("stdout", "true"), ("stderr", "true")]
    query += [("stdin", "true")] if command.stdin is not None else []
    query += [("command", word) for word in command.argv]
    path = POD.path(target.namespace, target.pod, "exec")
    settings, url, headers = cluster.handshake(path, query)
    closes = command.stdin is not None and not command.knows_its_end
    protocols = f"sec-websocket-protocol: {_V5}" + ("" if closes else f", {_V4}")
    authorization = [f"authorization: {headers['authorization']}"] if "authorization" in headers else []
    options = websocket_proxycare({}, settings, url, headers)  # type: ignore[no-untyped-call]
    socket = websocket.WebSocket(sslopt=_tls(settings), skip_utf8_validation=True)
    try:
        socket.connect(  # type: ignore[no-untyped-call]
            "ws" + url.removeprefix("http"),
            header=[protocols, *authorization],
            timeout=_CONNECT_SECONDS,
            redirect_limit=0,
            **options,
        )
    except websocket.WebSocketBadStatusException as error:
        raise error_of(error.status_code, error.resp_body or b"", f"exec in {target}") from error
    except (websocket.WebSocketException, OSError) as error:
        raise ClusterUnreachable(f"exec in {target}: the Kubernetes API does not answer: {error}") from error
    socket.settimeout(_LOOK_SECONDS)
    return socket


def _tls(settings: Configuration) -> dict[str, object]:
    if not settings.verify_ssl:
        return {"cert_reqs": ssl.CERT_NONE, "check_hostname": False} | _client_certificate(settings)
    trusted = settings.ssl_ca_cert or certifi.where()
    named = {"server_hostname": settings.tls_server_name} if settings.tls_server_name else {}
    return {"cert_reqs": ssl.CERT_REQUIRED, "ca_certs": trusted} | named | _client_certificate(settings)


def _client_certificate(settings: Configuration) -> dict[str, object]:
    return {"certfile": settings.cert_file, "keyfile": settings.key_file} if settings.cert_file else {}


def _send(socket: websocket.WebSocket, command: Command) -> None:
    stdin = command.stdin or b""
    socket.settimeout(_CONNECT_SECONDS)
    for start in range(0, len(stdin), _CHUNK):
        socket.send_binary(bytes([_STDIN]) + stdin[start : start + _CHUNK])
    if not command.knows_its_end:
        socket.send_binary(bytes([_CLOSE, _STDIN]))
    socket.settimeout(_LOOK_SECONDS)


def _pump(socket: websocket.WebSocket, streams: _Streams, deadline: float) -> str:
    """Read until the other side closes. What comes back says why there may be no status."""
    frames = _frames(socket, deadline)
    while True:
        try:
            streams.take(next(frames))
        except StopIteration as end:
            return str(end.value)


def _frames(socket: websocket.WebSocket, deadline: float) -> Generator[bytes, None, str]:
    """Frames until the other side closes, or the time is up: which of both is the generator's value."""
    pinged = time.monotonic()
    while time.monotonic() < deadline:
        try:
            opcode, frame = socket.recv_data_frame(control_frame=True)
        except websocket.WebSocketTimeoutException:
            opcode, frame = None, None
        if opcode == websocket.ABNF.OPCODE_CLOSE:
            return "the connection was closed before the command's status came"
        if opcode in (websocket.ABNF.OPCODE_BINARY, websocket.ABNF.OPCODE_TEXT) and frame is not None:
            yield frame.data
        if time.monotonic() - pinged > _PING_SECONDS:
            socket.ping()
            pinged = time.monotonic()
    return "it took longer than its time limit"


def _exit_code(status: bytes, target: ContainerRef, command: Command) -> int | None:
    """From the status frame (metav1.Status). A failure without an exit code is the runtime's: nothing was
    run."""
    try:
        said = json.loads(status)
        if said["status"] == "Success":
            return 0
        causes = said.get("details", {}).get("causes") or ()
        for cause in causes:
            if cause.get("reason") == "ExitCode":
                return int(cause["message"])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None
    message = str(said.get("message", ""))[:500]
    missing = re.search(
        rf'["`]?{re.escape(command.argv[0])}["`]?.{{0,40}}(?:not found|no such file)', message, re.IGNORECASE
    )
    error = NoSuchProgram if missing else ExecFailed
    raise error(f"cannot run {command.argv[0]!r} in {target}: {message}")
