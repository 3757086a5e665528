"""How pip inside an image build reaches its index: as it does on this machine, and none of it stays in the image.

Builds run in the node's files, so that this machine's CA bundle and pip settings are mounted into the build.
"""

import configparser
import os
from pathlib import Path

from tests.cluster import settings

_BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_SETTINGS = ("index-url", "extra-index-url", "trusted-host")  # those that may stand in the environment instead


def machine_files() -> list[str]:
    """SOURCE:TARGET for every file of this machine that downloads in a build need."""
    sources = {"/etc/resolv.conf": "/etc/resolv.conf", "/etc/hosts": "/etc/hosts", **build_files()}
    return [f"{source}:{target}" for target, source in sources.items() if Path(source).exists()]


def build_files() -> dict[str, str]:
    """Target → source of the files that a RUN line sees and the image does not keep."""
    pip = _pip_settings()
    bundle = pip.get("global", "cert", fallback="") or os.environ.get("PIP_CERT") or os.environ.get("SSL_CERT_FILE")
    files = {_BUNDLE: bundle or _BUNDLE}
    if Path(files[_BUNDLE]).exists():
        pip.set("global", "cert", _BUNDLE)
    written = settings.RUN / "pip.conf"
    with written.open("w") as file:
        pip.write(file)
    return files | {"/etc/pip.conf": str(written)}


def _pip_settings() -> configparser.RawConfigParser:
    pip = configparser.RawConfigParser()
    named = os.environ.get("PIP_CONFIG_FILE", "")
    pip.read(["/etc/pip.conf", Path.home() / ".config/pip/pip.conf", named])
    if not pip.has_section("global"):
        pip.add_section("global")
    for setting in _SETTINGS:
        value = os.environ.get("PIP_" + setting.upper().replace("-", "_"))
        if value:
            pip.set("global", setting, value)
    return pip
