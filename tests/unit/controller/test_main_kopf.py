"""What kopf is told by the operator's process."""

from __future__ import annotations

import threading
from types import SimpleNamespace
from typing import Any, cast

import kopf
import pytest

from regsweep.controller.environment import Environment
from regsweep.controller.main import _run_kopf
from regsweep.controller.operator import Operator


def test_kopf_is_told_who_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else it asks for the name of the user, and the user of a pod has none: kopf would raise OSError."""
    told: dict[str, Any] = {}
    monkeypatch.setattr(kopf, "run", lambda **options: told.update(options))
    operator = cast(Operator, SimpleNamespace(seen=lambda key, there: None))
    environment = cast(Environment, SimpleNamespace(cluster=None, namespaces=()))

    _run_kopf(operator, environment, "regsweep-0_1a2b3c4d", threading.Event())

    assert told["identity"] == "regsweep-0_1a2b3c4d"
