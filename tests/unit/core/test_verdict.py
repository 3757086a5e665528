from __future__ import annotations

import re
from pathlib import Path

from regsweep.core import verdict
from regsweep.core.verdict import REASONS, Verdict

DOCS = Path(__file__).resolve().parents[3] / "docs"


def test_every_code_is_documented():
    codes = {value for name, value in vars(verdict).items() if re.match("(KEPT|PROTECTED|BROKEN|EXPIRED)_", name)}
    assert codes == REASONS.keys()


def test_the_documented_codes_are_those_of_the_engine():
    rows = dict(re.findall(r"^\| `((?!hint\.)[^`]+)` \| (.+) \|$", (DOCS / "reasons.md").read_text(), re.MULTILINE))
    assert rows == dict(REASONS)


def test_only_expired_goes():
    assert [Verdict(code).expired for code in REASONS] == [code.startswith("expired.") for code in REASONS]
