"""DNS: a name for every Service that has an address, written anew at each change. No headless Services, no pods."""

import subprocess
import time

from tests.cluster import settings

_LINE = "{.spec.clusterIP} {.metadata.name}.{.metadata.namespace}.svc." + settings.CLUSTER_DOMAIN
_ALL = "{range .items[*]}" + _LINE + '{"\\n"}{end}'


def follow_services() -> None:
    """Never returns; outlives the API server."""
    while True:
        watch = ["kubectl", "get", "services", "--all-namespaces", "--watch", "--output", "name"]
        with subprocess.Popen(watch, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
            assert process.stdout is not None
            for _ in process.stdout:
                _write_names()
        time.sleep(1)


def _write_names() -> None:
    listing = ["kubectl", "get", "services", "--all-namespaces", "--output", f"jsonpath={_ALL}"]
    result = subprocess.run(listing, capture_output=True, text=True, check=False)
    if result.returncode == 0:  # else the names stay as they are, and the watch is about to end
        names = [line for line in result.stdout.splitlines() if not line.startswith("None")]
        unfinished = settings.HOSTS.parent / "hosts.new"
        unfinished.write_text("\n".join(names) + "\n")
        unfinished.rename(settings.HOSTS / "services")
