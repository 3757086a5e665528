"""The proof: what counts as damage by this run, what was broken before, and what need not be there at all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from regsweep.core.inventory import Census
from regsweep.core.oci import Digest
from regsweep.pipeline.memory import MemoryJournal
from regsweep.steps.verify import Verifier, verify
from tests.unit.conftest import digest
