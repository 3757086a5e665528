"""python3 -m tests.cluster.outside.forwarder NODE_PID PORT HOST TARGET_PORT

The process behind a forward. It listens on the machine's loopback, then moves itself into the node's network and dials
from there: a socket stays in the namespace that it was made in, so no device or route joins the two. Prints the port
on which it listens, and ends when the node ends.
"""

import asyncio
import ctypes
import errno
import os
import socket
import sys
from pathlib import Path

CLONE_NEWNET = 0x40000000  # <linux/sched.h>; os.setns is only there from Python 3.12
CALLS, CALL_SECONDS = 30, 1.0


def enter_network(node: int) -> None:
    with Path(f"/proc/{node}/ns/net").open() as namespace:
        if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while chunk := await reader.read(1 << 16):
            writer.write(chunk)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()  # one side was reset: the other direction sees its end and stops too


async def dial(host: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """A Service can lead to a pod that is gone, or to none, until kube-proxy knows better: such a call is made again.

    Raises OSError where nobody took a call for long, or the program that is called in the node itself does not listen.
    """
    behind = {errno.EHOSTUNREACH} if host == "127.0.0.1" else {errno.EHOSTUNREACH, errno.ECONNREFUSED}
    for _ in range(CALLS):
        try:
            return await asyncio.wait_for(asyncio.open_connection(host, port), CALL_SECONDS)
        except TimeoutError:
            continue
        except OSError as error:
            if error.errno not in behind:
                raise
            await asyncio.sleep(CALL_SECONDS)
    raise OSError(errno.ETIMEDOUT, os.strerror(errno.ETIMEDOUT))


async def serve(node: int, port: int, host: str, target_port: int) -> None:
    listener = socket.create_server(("127.0.0.1", port))
    enter_network(node)

    async def join(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await dial(host, target_port)
        except OSError:
            writer.transport.abort()  # a reset, as nearly as one can from a port that nobody listens on
            return
        await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))
        far_writer.close()
        writer.close()

    await asyncio.start_server(join, sock=listener)
    print(listener.getsockname()[1], flush=True)
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(os.pidfd_open(node), ended.set)
    await ended.wait()


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
