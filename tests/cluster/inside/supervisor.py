"""Keeps a program running: starts it again whenever it ends, unless it is marked as stopped."""

import subprocess
import threading
import time

from tests.cluster import settings

_PAUSE = 0.3  # seconds between two starts; there is no back-off, for tests want a program back at once


def keep_running(name: str, command: tuple[str, ...]) -> None:
    """Returns at once; the program writes to its own log."""
    threading.Thread(target=_supervise, args=(name, command), name=name, daemon=True).start()


def _supervise(name: str, command: tuple[str, ...]) -> None:
    marked = settings.STOPPED / name
    with (settings.LOGS / f"{name}.log").open("ab") as log:
        while True:
            if not marked.exists():
                process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
                (settings.PIDS / name).write_text(str(process.pid))
                code = process.wait()
                print(f"{time.strftime('%T')} {name} ended with {code}", flush=True)
            time.sleep(_PAUSE)
