"""python3 -m tests.cluster.outside.forwarder NODE_PID PORT HOST TARGET_PORT

The process behind a forward. It listens on the machine's loopback, then moves itself into the node's network and dials
from there: a socket stays in the namespace that it was made in, so no device or route joins the two. Prints the port
on which it listens, and ends when the node ends.
"""

import ctypes
import errno
import os
import select
import socket
import sys
import time
from pathlib import Path
from threading import Thread

CLONE_NEWNET = 0x40000000  # <linux/sched.h>; os.setns is only there from Python 3.12
CALLS, CALL_SECONDS = 30, 1.0


def enter_network(node: int) -> None:
    """This thread, and each that it starts from now on."""
    with Path(f"/proc/{node}/ns/net").open() as namespace:
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def copy(source: socket.socket, target: socket.socket) -> None:
    try:
        while chunk := source.recv(1 << 16):
            target.sendall(chunk)
        target.shutdown(socket.SHUT_WR)
    except OSError:  # one side was reset: the other direction sees its end and stops too
        hang_up(source)
        hang_up(target)


def hang_up(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError as error:
        if error.errno != errno.ENOTCONN:
            raise


def dial(host: str, port: int) -> socket.socket:
    """A Service can lead to a pod that is gone, or to none, until kube-proxy knows better: such a call is made again.

    Raises OSError where nobody took a call for long, or the program that is called in the node itself does not listen.
    """
    behind = {errno.EHOSTUNREACH} if host == "127.0.0.1" else {errno.EHOSTUNREACH, errno.ECONNREFUSED}
    for _ in range(CALLS):
        try:
            return socket.create_connection((host, port), CALL_SECONDS)
        except TimeoutError:
            continue
        except OSError as error:
            if error.errno not in behind:
                raise
            time.sleep(CALL_SECONDS)
    raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))


def join(near: socket.socket, host: str, port: int) -> None:
    with near:
        try:
            far = dial(host, port)
        except OSError:
            return  # a reset, if it said something already; for one that comes sooner Python's TLS is not made
        with far:
            for end in (near, far):
                end.settimeout(None)
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            there = Thread(target=copy, args=(near, far), daemon=True)
            there.start()
            copy(far, near)
            there.join()


def accept(listener: socket.socket, host: str, port: int) -> None:
    while True:
        near, _ = listener.accept()
        Thread(target=join, args=(near, host, port), daemon=True).start()


def serve(node: int, port: int, host: str, target_port: int) -> None:
    listener = socket.create_server(("127.0.0.1", port))
    enter_network(node)
    Thread(target=accept, args=(listener, host, target_port), daemon=True).start()
    print(listener.getsockname()[1], flush=True)
    select.select([os.pidfd_open(node)], [], [])


if __name__ == "__main__":
    serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
