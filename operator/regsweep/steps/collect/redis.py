"""The registry's blob cache in Redis: its keys deleted, from inside the registry's pod.

Such a cache goes on naming blobs that a collection has deleted, through every restart. So in the window all replicas do
without it (`workload.CACHE_SWITCH`), and once every one of them is proven read-only, and before the collection, its
keys go. Nobody fills it again until the window is over: it does not matter who ends it, or how.

Redis is spoken to by `nc` in the pod, which reaches it as the registry does. Deleted are the keys that Distribution
makes and no others: the database may have other users.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from regsweep.clients.podexec import Command
from regsweep.core.registry_config import Redis
from regsweep.core.resp import ErrorReply, Reply, command, replies
from regsweep.errors import CollectFailed, ExecFailed
from regsweep.steps.collect import scripts
from regsweep.steps.collect.site import Site

_OURS = re.compile(rb"blobs::[a-z0-9+._-]+:[0-9a-f]+|repository::.+::blobs(?:::[a-z0-9+._-]+:[0-9a-f]+)?")
_END = "regsweep-end"
_COUNT, _LARGEST, _SMALLEST = 500, 8000, 10
_LIMIT = 4 << 20


@dataclass(frozen=True, slots=True)
class RedisCache:
    """The cache as one pod of the registry reaches it."""

    site: Site
    pod: str
    redis: Redis

    def refused(self) -> str:
        """Why its keys cannot be deleted from here, and what to do; "" where they can. Raises ClusterError."""
        if not self.redis.plain:
            return "it is no single server without TLS, which is all that can be spoken to from the registry's pod"
        try:
            self._ask(command("PING"))
        except (CollectFailed, ExecFailed) as error:
            return str(error)
        return ""

    def flush(self) -> int:
        """Delete every key of a registry's blob cache in that database; how many went. May be done again at any time.
        Raises ClusterError, and CollectFailed where Redis refuses."""
        cursor, count, gone = "0", _COUNT, 0
        while True:
            try:
                (page,) = self._ask(command("SCAN", cursor, "MATCH", "*::*", "COUNT", str(count)))
            except ExecFailed:
                if count <= _SMALLEST:
                    raise
                count = max(_SMALLEST, count // 4)  # the answer did not come whole: ask for less of it
                continue
            cursor, keys = _page(page)
            if keys:
                (number,) = self._ask(command("DEL", *keys))
                gone += number if isinstance(number, int) else 0
            if cursor == "0":
                return gone
            count = min(_LARGEST, count * 2)

    def _ask(self, question: bytes) -> list[Reply]:
        """The replies to `question`, whole. The login and the choice of the database go before it."""
        redis = self.redis
        words = (redis.host, redis.port, redis.username)
        login = command("AUTH", *filter(None, (redis.username, redis.password))) if redis.password else b""
        script = Command(
            ("sh", "-c", scripts.REDIS, "sh", *words),
            stdin=login + command("SELECT", str(redis.database)) + question + command("ECHO", _END),
            timeout=60.0,
            limit=_LIMIT,
        )
        result = self.site.exec(self.pod, script)
        if result.exit_code == 127:
            raise ExecFailed(f"the container of pod {self.pod} has no `nc` to speak to Redis with")
        try:
            said = replies(result.stdout)
        except ValueError:
            raise CollectFailed(f"what answers at {redis.addresses[0]} is no Redis, or wants TLS") from None
        for reply in said:
            if isinstance(reply, ErrorReply):
                raise CollectFailed(f"the Redis at {redis.addresses[0]} refuses: {reply[:200]}")
        if not said or said[-1] != _END.encode():
            raise ExecFailed(f"the Redis at {redis.addresses[0]} did not answer in full: {result.words()}")
        return said[-2:-1]


def _page(reply: Reply) -> tuple[str, list[str]]:
    if not isinstance(reply, list) or len(reply) != 2 or not isinstance(reply[0], bytes):
        raise CollectFailed("the Redis of the registry answers SCAN with something else")
    keys = reply[1] if isinstance(reply[1], list) else []
    ours = [key.decode() for key in keys if isinstance(key, bytes) and _OURS.fullmatch(key)]
    return reply[0].decode(), ours
