"""Lines of the log: plain, or one JSON object a line."""

from __future__ import annotations

import json
import logging
import sys
from datetime import UTC, datetime

_PLAIN = "%(asctime)s %(levelname)s %(name)s: %(message)s"
_LOUD = ("aiohttp.access", "kubernetes", "urllib3")
_SIGNALS = "kopf._core.reactor.running"
"""Warns that kopf leaves the signals alone: they are ours."""


class JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False)


def configure(log_format: str, *, verbose: bool) -> None:
    """To standard error. `verbose` shows what kopf does; requests are never shown whole: they carry credentials."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else logging.Formatter(_PLAIN))
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    logging.getLogger("regsweep").setLevel(logging.DEBUG if verbose else logging.INFO)
    logging.getLogger("kopf").setLevel(logging.DEBUG if verbose else logging.WARNING)
    logging.getLogger(_SIGNALS).setLevel(logging.ERROR)
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.WARNING)
