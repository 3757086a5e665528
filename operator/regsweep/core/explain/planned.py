"""What a plan alone says about an image: that it goes, when and with whom; or that the plan leaves it alone."""

from __future__ import annotations

from regsweep.core.explain.document import Explanation, PlannedPart, TagPart, TiePart
from regsweep.core.explain.explanation import meaning_of
from regsweep.core.explain.image import Image
from regsweep.core.inventory_document import time_text
from regsweep.core.oci import Digest
from regsweep.core.plan import Action, Plan
from regsweep.core.verdict import EXPIRED_CHILD, EXPIRED_REFERRER, EXPIRED_UNTAGGED, Verdict
from regsweep.errors import InvalidInput

_ONLY_GOING = (
    "A plan holds what goes, and not why the rest stays: explain it with --inventory, or without a file, to read the "
    "registry."
)


def explain_plan(plan: Plan, image: Image) -> Explanation:
    """Raises InvalidInput for the beginning of a digest with which several begin."""
    found = [(step, action) for step, action in enumerate(plan.actions, start=1) if _is_meant(action, image)]
    if len({action.digest for _, action in found}) > 1:
        raise InvalidInput(f"{len(found)} digests of {image.repository} begin with {image.digest}: write more of it")
    if found:
        return _going(plan, image, *found[0])
    return Explanation(
        registry=plan.registry,
        policy=plan.policy,
        source="plan",
        at=time_text(plan.created_at),
        repository=image.repository,
        tag=image.tag,
        digest=image.digest,
        media_type="",
        decision="stays",
        reason="",
        meaning="The plan leaves it alone.",
        rule=None,
        detail="",
        because="",
        planned=_planned(plan),
        notes=tuple(_notes(plan, image)),
    )


def _is_meant(action: Action, image: Image) -> bool:
    if action.repository != image.repository:
        return False
    return action.digest.startswith(image.digest) if image.digest else image.tag in action.tags


def _going(plan: Plan, image: Image, step: int, action: Action) -> Explanation:
    own = {EXPIRED_CHILD, EXPIRED_REFERRER, EXPIRED_UNTAGGED}
    rule = None if action.reason in own else action.reason.removeprefix("expired.")
    return Explanation(
        registry=plan.registry,
        policy=plan.policy,
        source="plan",
        at=time_text(plan.created_at),
        repository=action.repository,
        tag=image.tag or next(iter(action.tags), None),
        digest=action.digest,
        media_type=action.media_type,
        decision="goes",
        reason=action.reason,
        meaning=meaning_of(Verdict(action.reason, rule)),
        rule=rule,
        detail="",
        because=action.root if action.root != action.digest else "",
        tags=tuple(TagPart(name=name, decision="goes", reason=action.reason, rule=rule) for name in action.tags),
        ties=tuple(_ties(plan, action)),
        planned=_planned(plan, step, action),
        notes=() if not plan.over_limit else ("The plan is over a limit and waits for approval.",),
    )


def _ties(plan: Plan, action: Action) -> list[TiePart]:
    """What must be gone before it."""
    holders = {other.digest: other for other in plan.actions if other.repository == action.repository}
    return [
        TiePart(
            tie="subject" if action.reason == EXPIRED_REFERRER else "listed-by",
            digest=digest,
            tags=holders[digest].tags,
            decision="goes",
            reason=holders[digest].reason,
        )
        for digest in action.after
        if digest in holders
    ]


def _planned(plan: Plan, step: int = 0, action: Action | None = None) -> PlannedPart:
    return PlannedPart(
        plan=plan.digest,
        expires_at=time_text(plan.expires_at),
        step=step,
        steps=len(plan.actions),
        root=action.root if action is not None else Digest(""),
        after=action.after if action is not None else (),
    )


def _notes(plan: Plan, image: Image) -> list[str]:
    if image.repository in plan.unread:
        return [f"{image.repository} could not be read when the plan was made: it is left alone."]
    known = {action.repository for action in plan.actions}
    unheard = [f"The plan does not name {image.repository} at all."] if image.repository not in known else []
    return [*unheard, _ONLY_GOING]
