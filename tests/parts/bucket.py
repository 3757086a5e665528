"""A bucket in memory, by gofakes3, and the configuration of a registry whose store it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

_NAME = "registry"


def bucket_command(program: Path, address: str) -> list[str]:
    """Serves an empty bucket at HOST:PORT; what is in it ends with the process."""
    return [str(program), "-host", address, "-backend", "memory", "-initialbucket", _NAME]


def bucket_storage(address: str) -> dict[str, Any]:
    """The `storage` of the registry's configuration; nothing is redirected to the bucket."""
    login = {"accesskey": "key", "secretkey": "secret"}
    place = {"bucket": _NAME, "region": "us-east-1", "regionendpoint": f"http://{address}", "forcepathstyle": True}
    return {
        "s3": {**place, **login, "secure": False},
        "delete": {"enabled": True},
        "cache": {"blobdescriptor": "inmemory"},
        "redirect": {"disable": True},
    }
