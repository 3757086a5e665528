"""Before the sweep: everything that is to go is kept, so that it can be put back until the next collection (S12)."""

from __future__ import annotations

from collections.abc import Callable

from regsweep.api.run import RunStep
from regsweep.core.inventory import Finding
from regsweep.core.keepsake import Heading
from regsweep.core.oci import Digest
from regsweep.core.plan import Action, Plan
from regsweep.pipeline.state import RunState
from regsweep.steps.keep import Keeper, keep


def kept_before(state: RunState, plan: Plan) -> Callable[[Action], bool]:
    """Says of an action whether its manifest lies safe: nothing else may be deleted. A sweep that goes on finds what
    was kept before it began.

    Raises KeepsakeTooLarge, and whatever keeps the bytes from being read or written: nothing was deleted then.
    """
    spec, ports = state.request.policy.spec, state.ports
    if not spec.undo.enabled:
        return lambda _: True
    digest = Digest(plan.digest)
    if ports.keepsakes.kept(digest) is None:
        ports.journal.enter(RunStep.KEEPING)
        work = Keeper(ports.reader, spec.limits.concurrency, ports.stop, ports.progress)
        heading = Heading(spec.registry.url, state.request.policy_name, plan.digest)
        ports.keepsakes.keep(heading, keep(plan, work))
        state.findings.extend(Finding("keep.unread", name, what, why) for name, what, why in work.unread)
    lies_safe = {(one.repository, one.digest) for one in ports.keepsakes.kept(digest) or ()}
    return lambda action: (action.repository, action.digest) in lies_safe
