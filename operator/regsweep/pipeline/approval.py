"""Between plan and sweep: is this plan approved, still true, and will the registry delete at all (S6)."""

from __future__ import annotations

from regsweep.api.load import policy_digest
from regsweep.api.policy import Approval
from regsweep.api.run import RunStep
from regsweep.clients.registry import DeleteState, delete_setting
from regsweep.core.plan import Plan
from regsweep.core.plan_file import check_applicable
from regsweep.errors import ApprovalRequired, DeleteDisabled, RegistryDenied
from regsweep.pipeline.ports import Ports, Request


def require_approval(plan: Plan, request: Request, ports: Ports) -> None:
    """Return where the plan may be done. Raises ApprovalRequired, with the run waiting, where a person has to look
    first;
    PlanExpired and PolicyChanged where an approved plan is not true any more."""
    spec = request.policy.spec
    if request.approved is not None:
        if request.approved != plan.digest:
            _wait(
                ports,
                f"the approved plan {request.approved} is not this run's plan {plan.digest}: nothing is done",
                "ManualApproval",
            )
        check_applicable(plan, registry=spec.registry.url, policy_digest=policy_digest(spec), now=ports.clock())
        return
    if request.confirm is not None:
        if not request.confirm(plan):
            raise ApprovalRequired("the plan was not approved: nothing was deleted", "ManualApproval")
        return
    if plan.over_limit:
        _wait(
            ports,
            f"{'; '.join(plan.over_limit)}. Nothing is deleted before exactly this plan is approved.",
            "LimitExceeded",
        )
    if spec.approval is Approval.MANUAL:
        _wait(
            ports, "spec.approval is Manual: nothing is deleted before exactly this plan is approved.", "ManualApproval"
        )


def _wait(ports: Ports, message: str, reason: str) -> None:
    ports.journal.enter(RunStep.AWAITING_APPROVAL)
    raise ApprovalRequired(message, reason)


def require_deletes(plan: Plan, request: Request, ports: Ports, *, switch_on: bool) -> None:
    """Return where the registry deletes. Switches deletes on in its workload where the policy says so and `switch_on`.

    Raises DeleteDisabled with the exact setting, or RegistryDenied.
    """
    repository = plan.actions[0].repository
    state = ports.probe(repository)
    if state is DeleteState.DISABLED and request.policy.spec.registry.enable_delete and ports.enable_delete is not None:
        if not switch_on:
            return
        ports.journal.enter(RunStep.ENABLING_DELETE)
        ports.enable_delete()
        state = ports.probe(repository)
    if state is DeleteState.ENABLED:
        return
    if state is DeleteState.DENIED:
        raise RegistryDenied(
            f"the registry does not let these credentials delete in {repository}: give the user the right to delete"
        )
    if state is DeleteState.READ_ONLY:
        raise DeleteDisabled(
            "the registry is in read-only mode: it deletes nothing until its maintenance mode is lifted"
        )
    raise DeleteDisabled(f"the registry refuses deletes. {delete_setting(ports.reader.major())}")
