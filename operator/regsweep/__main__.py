"""`python -m regsweep` is `regsweep`. Nothing else is here."""

from __future__ import annotations

from regsweep.cli import main

if __name__ == "__main__":
    main()
