"""A registry as a service of this machine: `python service.py stop|start|collect FOLDER`, as systemctl or docker would.

FOLDER holds `pid` (of the process that runs), `command` (program, configuration file and port, a line each), and
`environment` (JSON).
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path


def main(verb: str, folder: Path) -> int:
    program, config, port = (folder / "command").read_text().split("\n")[:3]
    environment = {**os.environ, "OTEL_TRACES_EXPORTER": "none", **json.loads((folder / "environment").read_text())}
    if verb == "stop":
        os.kill(int((folder / "pid").read_text()), signal.SIGTERM)
        return _until(int(port), answers=False)
    if verb == "start":
        with (folder / "log").open("ab") as log:
            process = subprocess.Popen(
                [program, "serve", config], stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment,
                start_new_session=True,
            )  # fmt: skip
        (folder / "pid").write_text(str(process.pid))
        return _until(int(port), answers=True)
    collect = [program, "garbage-collect", config]
    return subprocess.run(collect, env={**environment, "REGISTRY_LOG_LEVEL": "info"}, check=False).returncode


def _until(port: int, *, answers: bool) -> int:
    for _ in range(400):
        with socket.socket() as probe:
            if (probe.connect_ex(("127.0.0.1", port)) == 0) is answers:
                return 0
        time.sleep(0.05)
    return 1


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1], Path(sys.argv[2])))
