"""Who uses what in a large cluster: read from a real API server, beside the bare requests for the same pages.

Each measurement is a process of its own (`python -m bench.inuse LOGIN`), so that its memory is its own.
"""

from __future__ import annotations

import dataclasses
import http.client
import json
import re
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote, urlsplit

from bench.apiserver import TOKEN, ApiServer, api_server
from bench.engine import ROOT, _status
from bench.hops import QUIET, now
from bench.pods import REGISTRY, made_pod
from bench.rows import Ratio, Row, ratio, take_turns
from regsweep.api.load import load_policy
from regsweep.clients.kube import PAGE, Cluster
from regsweep.clients.kubeconfig import connect_with
from regsweep.core.addresses import addresses_of
from regsweep.core.users import users_of
from regsweep.steps.inuse import Reading, read_usage

GOAL_PODS, GOAL_SECONDS, GOAL_BYTES = 50_000, 30.0, 100_000_000

_POLICY = load_policy(
    {
        "apiVersion": "regsweep.dev/v1alpha1",
        "kind": "RegistryCleanupPolicy",
        "metadata": {"name": "bench", "namespace": "registry"},
        "spec": {"registry": {"url": f"https://{REGISTRY}"}, "protect": {"inUse": {}}},
    },
    "the benchmark's policy",
)
_CONTINUE = re.compile(rb'"continue":"([^"]*)"')


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of the clock and of one core, and bytes at the peak beyond what the interpreter with all modules took."""

    seconds: float
    processor: float
    peak: int
    images: int


def measure(pods: int, rounds: int) -> Iterator[Row]:
    """All pods of a cluster: what it takes until everybody who uses an image of the registry is known."""
    with (
        tempfile.TemporaryDirectory(prefix="regsweep-bench-") as folder,
        api_server(Path(folder), map(made_pod, range(pods))) as server,
    ):
        login = Path(folder) / "login.json"
        login.write_text(json.dumps(server.kubeconfig))
        costs: list[Cost] = []

        def ours() -> float:
            costs.append(apart(login))
            return costs[-1].seconds

        seconds = take_turns(rounds, {"regsweep": ours, "bare": lambda: bare(server)})
    best, peak = min(seconds["regsweep"]), max(cost.peak for cost in costs)
    ratios = (
        ratio("bare list requests, same pages", seconds["regsweep"], seconds["bare"]),
        _plain("the goal's time", best / pods * GOAL_PODS / GOAL_SECONDS),
        _plain("the goal's memory", peak / pods * GOAL_PODS / GOAL_BYTES),
    )
    facts = {"s": best, "s of one core": min(cost.processor for cost in costs), "MB at the peak": peak / 1e6}
    yield Row("inuse", f"{pods:,} pods", "read and matched", pods / best, "pods/s", ratios, facts)


def apart(login: Path) -> Cost:
    """`cost` in a process of its own."""
    command = [sys.executable, "-m", "bench.inuse", str(login)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return Cost(**json.loads(done.stdout))


def cost(cluster: Cluster) -> Cost:
    """One whole reading in this process."""
    before, started, busy = _status("VmRSS"), time.perf_counter(), time.process_time()
    usage = read_usage(Reading(_POLICY, (("", cluster),), "registry", now, QUIET))
    users = users_of(usage.uses, addresses_of(_POLICY.spec.registry, usage.hosts))
    seconds, processor = time.perf_counter() - started, time.process_time() - busy
    return Cost(seconds, processor, max(_status("VmHWM") - before, 0), len(users.images))


def bare(server: ApiServer) -> float:
    """Seconds for all pages of pods, by http.client, read and thrown away."""
    parts = urlsplit(server.url)
    context = ssl.create_default_context(cafile=str(server.authority))
    started, token = time.perf_counter(), ""
    with closing(http.client.HTTPSConnection(parts.hostname or "", parts.port, context=context)) as connection:
        while True:
            after = f"&continue={quote(token)}" if token else ""
            headers = {"Authorization": f"Bearer {TOKEN}", "Accept": "application/json"}
            connection.request("GET", f"/api/v1/pods?limit={PAGE}{after}", headers=headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                raise RuntimeError(f"HTTP status {answer.status}: this measures nothing")
            found = _CONTINUE.search(body, 0, 2000)
            token = found[1].decode() if found else ""
            if not token:
                return time.perf_counter() - started


def _plain(to: str, value: float) -> Ratio:
    return Ratio(to, value, value, value)


if __name__ == "__main__":
    with closing(connect_with(json.loads(Path(sys.argv[1]).read_text()), "the benchmark's login")) as logged_in:
        print(json.dumps(dataclasses.asdict(cost(logged_in))))
