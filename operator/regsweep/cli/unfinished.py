"""A sweep of an earlier process that did not come to its end: found again, said, and offered to go on with.

It decides nothing about the registry: going on is `apply --plan` with the file of that sweep.
"""

from __future__ import annotations

import shlex
import sys
from datetime import datetime
from pathlib import Path

from regsweep.api.load import policy_digest
from regsweep.api.policy import Mode, RegistryCleanupPolicy
from regsweep.cli.files import MAXIMUM_PLAN_BYTES, read_text
from regsweep.cli.state import forget_old, journal_files
from regsweep.cli.terminal import ask, is_interactive, say
from regsweep.core.plan import Plan
from regsweep.core.plan_file import plan_from_json
from regsweep.errors import InvalidInput
from regsweep.pipeline import Request

_WHY = (
    "what it had not deleted yet can be found in its plan alone: over HTTP, nothing lists the parts of a deleted image"
)


def unfinished(policy: RegistryCleanupPolicy, now: datetime, *, yes: bool) -> Plan | None:
    """The plan to go on with; None where there is none, or nobody wants to.

    With `yes` it goes on without a question. Expired plans are removed: nothing may be done by them any more.
    """
    forget_old(now)
    for path in journal_files(policy.spec.registry.url, Request(policy, Mode.DELETE).policy_name):
        plan = _read(path)
        if plan is None:
            continue
        began = f"a sweep of this registry, planned at {plan.created_at:%Y-%m-%d %H:%M} UTC, was interrupted"
        if now >= plan.expires_at:
            path.unlink(missing_ok=True)
            say(f"regsweep: {began}, and its plan has expired: {path} was removed. Of the images that it deleted, "
                "parts may be left: the storage inventory finds them as untagged manifests")  # fmt: skip
        elif plan.policy_digest != policy_digest(policy.spec):
            say(f"regsweep: WARNING: {began}, and the policy has changed since; {_WHY}. To go on, give the policy as "
                f"it was: regsweep apply -f OLD-POLICY --mode Delete --plan {path}. It expires at "
                f"{plan.expires_at:%Y-%m-%d %H:%M} UTC")  # fmt: skip
        elif _wanted(began, path, yes=yes):
            return plan
    return None


def command_again() -> str:
    """This command line without --plan, for a shell."""
    words, kept = ["regsweep", *sys.argv[1:]], []
    while words:
        word = words.pop(0)
        if word == "--plan":
            words = words[1:]
        elif not word.startswith("--plan="):
            kept.append(word)
    return shlex.join(kept)


def _wanted(began: str, path: Path, *, yes: bool) -> bool:
    say(f"regsweep: WARNING: {began}; {_WHY}")
    if yes:
        say(f"regsweep: going on with {path}; the next run makes a new plan")
        return True
    if is_interactive():
        return ask("Go on with it, instead of a new plan? [y/N]")
    say(f"regsweep: to go on: {command_again()} --plan {path}")
    return False


def _read(path: Path) -> Plan | None:
    """None for what is no plan: a file that another version wrote, or somebody changed. It is left, and said."""
    try:
        return plan_from_json(read_text(path, MAXIMUM_PLAN_BYTES))
    except InvalidInput as error:
        say(f"regsweep: {path} should hold the plan of an interrupted sweep: {error}")
        return None
