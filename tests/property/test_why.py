"""Explaining, saving and comparing agree with the engine, on registries and policies that nobody thought of."""

from __future__ import annotations

import dataclasses
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from regsweep.api.policy import PolicySpec
from regsweep.core.comparison import Comparing, Sides
from regsweep.core.explain import explain_plan, parse_image
from regsweep.core.inventory import Repository
from regsweep.core.inventory_file import Header, InventoryReader, InventoryWriter, Taking
from regsweep.core.oci import Digest
from regsweep.core.retention import judge
from tests.property.edits import done
from tests.property.engine import decide, inventory
from tests.property.promises.explaining import explained
from tests.property.strategies import Case, make_case

numbers, sizes = st.integers(0, 2**48), st.sampled_from([2, 5, 8, 8, 12, 12])
few = settings(max_examples=max(15, settings().max_examples // 4))


def spec_of(case: Case) -> PolicySpec:
    return PolicySpec.model_validate(case.policy)


@few
@given(number=numbers, size=sizes)
def test_the_rule_that_decides_is_the_first_that_selects(number: int, size: int) -> None:
    case = make_case(number, size)
    decided = decide(case)
    for name, tag, said in explained(case, decided):
        if tag is None:
            continue
        rule = decided.judgements[name].tags[tag].rule
        assert [part.name for part in said.rules if part.decides] == ([rule] if rule is not None else [])
        if rule is not None:
            assert next(part.name for part in said.rules if part.selects) == rule
        if said.place is not None:
            assert (said.place.rank <= said.place.kept) is ("kept.latest" in {part.reason for part in said.protections})
            assert said.digest in {neighbour.digest for neighbour in said.place.neighbours}


@few
@given(number=numbers, size=sizes)
def test_every_change_does_what_it_says(number: int, size: int) -> None:
    """Each is done again by its words, and the whole registry is decided anew."""
    case = make_case(number, size)
    decided = decide(case)
    for name, tag, said in explained(case, decided):
        for change in said.changes:
            policy = case.policy
            for edit in change.edits:
                policy = done(policy, edit)
            again = judge(
                inventory(case, name), PolicySpec.model_validate(policy), case.in_use, decided.plan.created_at
            )
            verdict = again.tags[tag] if tag is not None else again.manifests[Digest(said.digest or "")]
            assert change.decision != said.decision
            assert ("goes" if verdict.expired else "stays", verdict.reason) == (change.decision, change.reason)
            before = decided.judgements[name].tags
            own = {tag} if tag is not None else {part.name for part in said.tags}
            turned = [
                each for each in before if each not in own and before[each].expired is not again.tags[each].expired
            ]
            assert change.also_kept + change.also_gone == len(turned)


@few
@given(number=numbers, size=sizes)
def test_what_goes_can_always_be_kept(number: int, size: int) -> None:
    case = make_case(number, size)
    for _, _, said in explained(case, decide(case)):
        assert said.decision == "stays" or said.changes


@given(number=numbers, size=sizes)
def test_a_plan_says_of_every_image_what_it_does(number: int, size: int) -> None:
    case = make_case(number, size)
    decided, spec = decide(case), spec_of(case)
    for name, room in case.world.rooms.items():
        for tag in room.tags:
            said = explain_plan(decided.plan, parse_image(f"{name}:{tag}", spec))
            assert (said.decision == "goes") is decided.judgements[name].tags[tag].expired
            assert (said.planned is not None and said.planned.step > 0) is (said.decision == "goes")


@given(number=numbers, size=sizes)
def test_a_saved_inventory_is_judged_as_what_was_saved(number: int, size: int) -> None:
    case = make_case(number, size)
    decided, spec = decide(case), spec_of(case)
    now, writer = decided.plan.created_at, InventoryWriter()
    header = Header("http://registry:5000", "http://localhost:1", "n/p", spec, Taking("API", now, True, case.in_use))
    given = [inventory(case, name) for name in case.world.rooms]
    lines = [writer.header(header), *(writer.repository(each) for each in given), writer.end()]
    reader = InventoryReader(iter(lines))
    read = [each for each in reader.repositories() if isinstance(each, Repository)]
    in_use = reader.header.taking.in_use
    assert in_use is not None
    assert reader.header.spec == spec
    assert reader.header.taking.taken_at == now
    for before, after in zip(given, read, strict=True):
        assert dataclasses.replace(after, tags=before.tags) == before
        assert set(after.tags) == set(before.tags)
        assert judge(after, reader.header.spec, in_use, now) == judge(before, spec, case.in_use, now)


@given(number=numbers, other=numbers)
def test_a_comparison_is_the_difference_of_two_plans(number: int, other: int) -> None:
    case, policy = make_case(number, 12), make_case(other, 2).policy
    then, now = decide(case), decide(dataclasses.replace(case, policy=policy))
    taking = Taking("API", then.plan.created_at, True, case.in_use)
    before, after = (PolicySpec.model_validate(_asking(each)) for each in (case.policy, policy))
    comparing = Comparing(Sides("f", "p", after, "it", before), taking)
    for name in case.world.rooms:
        comparing.add(inventory(case, name))
    said = comparing.comparison("inventory", "http://registry:5000")
    gone = {side: {(n, t) for n, j in d.judgements.items() for t, v in j.tags.items() if v.expired}
            for side, d in (("then", then), ("now", now))}  # fmt: skip
    assert {(part.repository, part.tag) for part in said.newly_gone} == gone["now"] - gone["then"]
    assert {(part.repository, part.tag) for part in said.newly_kept} == gone["then"] - gone["now"]
    assert (said.before.deleted_tags, said.after.deleted_tags) == (len(gone["then"]), len(gone["now"]))
    assert (said.before.bytes, said.after.bytes) == (then.plan.bytes, now.plan.bytes)
    assert sum(part.newly_gone for part in said.by_rule) == len(said.newly_gone)
    assert sum(part.newly_kept for part in said.by_repository) == len(said.newly_kept)


def _asking(policy: dict[str, Any]) -> dict[str, Any]:
    """The policy that lets what is used count."""
    return {**policy, "protect": {**policy.get("protect", {}), "inUse": {}}}
