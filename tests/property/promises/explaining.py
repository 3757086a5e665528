"""What must hold of every explanation: it says what the plan does, and why."""

from __future__ import annotations

from collections.abc import Iterator

from regsweep.core.explain import Case as Explained
from regsweep.core.explain import Explanation, explain
from regsweep.core.explain.explanation import About
from regsweep.core.explain.text import render
from regsweep.core.oci import Digest
from tests.property.engine import Decided, inventory
from tests.property.policies import spec_of
from tests.property.strategies import Case

ABOUT = About("http://registry:5000", "nightly", "inventory")


def explained(case: Case, decided: Decided, tagged: bool = True) -> Iterator[tuple[str, str | None, Explanation]]:
    """Every tag, then every manifest (without `tagged`: that has no tag), with what is said of it."""
    for name in case.world.rooms:
        judged = Explained.of(inventory(case, name), spec_of(case.policy), case.in_use, decided.plan.created_at)
        for tag in judged.repository.tags:
            yield name, tag.name, explain(judged, tag.name, tag.digest, ABOUT)
        for digest in judged.repository.manifests.keys() - (set() if tagged else judged.graph.tags.keys()):
            yield name, None, explain(judged, None, digest, ABOUT)


def an_explanation_agrees_with_the_plan(case: Case, decided: Decided) -> None:
    going = {(action.repository, action.digest) for action in decided.plan.actions}
    for name, tag, said in explained(case, decided, tagged=False):
        judgement = decided.judgements[name]
        verdict = judgement.tags[tag] if tag is not None else judgement.manifests[Digest(said.digest or "")]
        assert (said.reason, said.rule, said.because) == (verdict.reason, verdict.rule, verdict.because)
        assert (said.decision == "goes") is verdict.expired is ((name, said.digest) in going)
        assert bool(said.protections) is not verdict.expired
        assert not said.protections or said.protections[0].reason == verdict.reason
        assert render(said)
