"""The sweep against a model registry that changes between two looks: S2 and S7, and going on after an interruption."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from regsweep.clients.cache import MemoryCache
from regsweep.core.lost import Aftermath
from regsweep.core.oci import DOCKER_LIST, DOCKER_MANIFEST, OCI_MANIFEST, Digest, digest_of
from regsweep.core.outcome import Outcome, Result
from regsweep.core.plan import Action, Counts, Plan
from regsweep.errors import Cancelled, DeleteDisabled, RegistryUnreachable
from regsweep.steps.sweep import Sweeper, sweep
from tests.model_registry import ModelRegistry, image, index

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def action(digest: Digest, *tags: str, root: Digest | None = None) -> Action:
    after = (root,) if root else ()
    return Action("app", digest, DOCKER_MANIFEST, "expired.rule", tags, root or digest, 1, after)


def plan_of(*actions: Action) -> Plan:
    counts = Counts(1, len(actions), len(actions), len(actions), len(actions))
    return Plan("http://r", "p", "", "API", NOW, NOW + timedelta(days=1), actions, counts, 0, False, 0)


class Told:
    """Stands in for every port of the sweep: a clock that goes on, a stop, a progress, and a list of what was told."""

    def __init__(self, stop_after: int = 10**9) -> None:
        self.now, self.outcomes, self.stop_after = NOW, list[Outcome](), stop_after

    def clock(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def check(self) -> None:
        if len(self.outcomes) >= self.stop_after:
            raise Cancelled("asked to stop")

    def begin(self, hop: str, total: int | None = None) -> None:
        pass

    def advance(self, done: int = 1, detail: str = "") -> None:
        pass


def swept(registry: ModelRegistry, *actions: Action, told: Told | None = None) -> list[tuple[Result, str]]:
    told = told or Told()
    work = Sweeper(registry, MemoryCache(), 2, told.clock, told, told, told.outcomes.extend)  # type: ignore[arg-type]
    return [(outcome.result, outcome.message) for outcome in sweep(plan_of(*actions), work).outcomes]


def test_deletes_what_the_plan_names_and_nothing_else() -> None:
    registry = ModelRegistry()
    old, kept = registry.push("app", "1", image("old")), registry.push("app", "2", image("kept"))
    assert swept(registry, action(old, "1")) == [(Result.DELETED, "")]
    assert registry.tagged == {"app": {"2": kept}}


def test_a_second_sweep_finds_everything_gone() -> None:
    registry = ModelRegistry()
    old = registry.push("app", "1", image("old"))
    swept(registry, action(old, "1"))
    assert swept(registry, action(old, "1")) == [(Result.GONE, "")]


def test_a_tag_that_moved_is_skipped() -> None:
    registry = ModelRegistry()
    old = registry.push("app", "1", image("old"))
    registry.push("app", "1", image("new"))
    assert swept(registry, action(old, "1")) == [(Result.SKIPPED, "tag 1 moved")]
    assert registry.deletes == []


def test_a_new_tag_on_the_digest_is_skipped() -> None:
    registry = ModelRegistry()
    old = registry.push("app", "1", image("old"))
    registry.push("app", "stable", image("old"))
    assert swept(registry, action(old, "1")) == [(Result.SKIPPED, "tag stable points at it now")]


def test_a_tag_that_is_pushed_between_two_deletes_is_seen() -> None:
    registry = ModelRegistry()
    first, second = registry.push("app", "1", image("first")), registry.push("app", "2", image("second"))
    registry.before_delete = lambda repository, digest: registry.push("app", "release", image("second"))
    assert swept(registry, action(first, "1"), action(second, "2"))[1] == (
        Result.SKIPPED,
        "tag release points at it now",
    )


@pytest.mark.parametrize(("seconds", "looks"), [(0.1, 4), (40.0, 1)])
def test_all_tags_are_read_again_and_again_but_not_for_most_of_the_time(seconds: float, looks: int) -> None:
    """Eight deletions of 10 s each, in a repository whose tags take `seconds` to resolve."""
    registry, told = ModelRegistry(), Told()
    old = [registry.push("app", str(number), image(str(number))) for number in range(8)]
    registry.push("app", "live", image("live"))
    heads: list[str] = []
    head = registry.head

    def slow(repository: str, reference: str) -> SimpleNamespace | None:
        if reference == "live":
            heads.append(reference)
            told.now += timedelta(seconds=seconds)
        return head(repository, reference)

    def pass_time(repository: str, digest: Digest) -> None:
        told.now += timedelta(seconds=8)

    registry.head, registry.before_delete = slow, pass_time  # type: ignore[method-assign]
    swept(registry, *(action(digest, str(number)) for number, digest in enumerate(old)), told=told)
    assert len(heads) == looks


def test_the_children_of_an_index_that_stays_stay() -> None:
    registry = ModelRegistry()
    child = registry.push("app", None, image("child"))
    parent = registry.push("app", "1", index(child), DOCKER_LIST)
    registry.push("app", "again", index(child), DOCKER_LIST)
    results = swept(registry, action(parent, "1"), action(child, root=parent))
    assert [result for result, _ in results] == [Result.SKIPPED, Result.SKIPPED]
    assert registry.deletes == []


def test_a_child_that_a_new_index_lists_stays() -> None:
    registry = ModelRegistry()
    child = registry.push("app", None, image("child"))
    parent = registry.push("app", "1", index(child), DOCKER_LIST)
    registry.push("app", "new", index(child, registry.push("app", None, image("other"))), DOCKER_LIST)
    assert swept(registry, action(parent, "1"), action(child, root=parent)) == [
        (Result.DELETED, ""),
        (Result.SKIPPED, "needed by tag new"),
    ]


def test_a_referrer_stays_with_its_subject() -> None:
    registry = ModelRegistry()
    subject = registry.push("app", "1", image("subject"))
    registry.push("app", "moved-here", image("subject"))
    signature = registry.push("app", f"sha256-{subject[7:]}.sig", image("signature"))
    results = swept(registry, action(subject, "1"), action(signature, f"sha256-{subject[7:]}.sig", root=subject))
    assert results[1] == (Result.SKIPPED, f"{subject} stays, and needs it: tag moved-here")


def test_a_failed_delete_keeps_what_it_reaches_and_lets_the_others_go_on() -> None:
    registry = ModelRegistry()
    child = registry.push("app", None, image("child"))
    parent = registry.push("app", "1", index(child), DOCKER_LIST)
    other = registry.push("app", "2", image("other"))

    def fail(repository: str, digest: Digest) -> None:
        if digest == parent:
            raise RegistryUnreachable("no answer in 60 s")

    registry.before_delete = fail
    results = swept(registry, action(parent, "1"), action(child, root=parent), action(other, "2"))
    assert [result for result, _ in results] == [Result.FAILED, Result.SKIPPED, Result.DELETED]


def test_a_registry_that_refuses_deletes_ends_the_sweep() -> None:
    registry = ModelRegistry()
    old = registry.push("app", "1", image("old"))

    def refuse(repository: str, digest: Digest) -> None:
        raise DeleteDisabled("deletes are off")

    registry.before_delete = refuse
    with pytest.raises(DeleteDisabled):
        swept(registry, action(old, "1"))


def test_a_stop_ends_it_between_two_actions_and_a_second_sweep_finishes() -> None:
    registry = ModelRegistry()
    digests = [registry.push("app", str(number), image(str(number))) for number in range(4)]
    actions = [action(digest, str(number)) for number, digest in enumerate(digests)]
    with pytest.raises(Cancelled):
        swept(registry, *actions, told=Told(stop_after=2))
    assert len(registry.deletes) == 2
    assert [result for result, _ in swept(registry, *actions)] == [
        Result.GONE,
        Result.GONE,
        Result.DELETED,
        Result.DELETED,
    ]


def test_what_vanished_and_what_came_is_told_with_the_deletion_beside_which_it_did() -> None:
    registry = ModelRegistry()
    first, second = registry.push("app", "1", image("first")), registry.push("app", "2", image("second"))
    third = registry.push("app", "3", image("third"))
    registry.push("app", "live", image("live"))

    def meanwhile(repository: str, digest: Digest) -> None:
        if digest == second:
            registry.tagged["app"].pop("live")
            registry.push("app", "new", image("new"))

    registry.before_delete = meanwhile
    registry.push("app", "3", image("third moved"))
    told = Told()
    work = Sweeper(registry, MemoryCache(), 2, told.clock, told, told, told.outcomes.extend)  # type: ignore[arg-type]
    swept_all = sweep(plan_of(action(first, "1"), action(second, "2"), action(third, "3")), work)
    assert swept_all.aftermaths == (
        Aftermath(
            "app",
            frozenset({first, second}),
            {"1": first, "2": second, "live": second},
            vanished=frozenset({"live"}),
            doubtful=frozenset({"3", "new"}),
        ),
    )


def test_a_repository_whose_tags_cannot_be_listed_at_the_end_is_said() -> None:
    registry, told = ModelRegistry(), Told()
    old, listings = registry.push("app", "1", image("old")), registry.tags

    def tags(repository: str) -> tuple[str, ...]:
        if registry.deletes:
            raise RegistryUnreachable("no answer in 60 s")
        return listings(repository)

    registry.tags = tags  # type: ignore[method-assign]
    work = Sweeper(registry, MemoryCache(), 2, told.clock, told, told, told.outcomes.extend)  # type: ignore[arg-type]
    ended = sweep(plan_of(action(old, "1")), work)
    assert ([finding.code for finding in ended.findings], ended.aftermaths) == (["sweep.unchecked"], ())


def test_an_orphan_whose_subject_came_back_stays() -> None:
    registry = ModelRegistry()
    body = image("subject")
    tag = f"sha256-{digest_of(body)[7:]}.sig"
    signature = registry.push("app", tag, image("signature"))
    subject = registry.push("app", "back", body)
    assert swept(registry, action(signature, tag)) == [(Result.SKIPPED, f"its subject {subject} is there now")]
    registry.delete_manifest("app", subject)
    assert swept(registry, action(signature, tag)) == [(Result.DELETED, "")]


def test_a_referrer_by_its_own_word_whose_subject_came_back_stays() -> None:
    registry = ModelRegistry()
    body = image("subject")
    belonging = json.dumps({"mediaType": OCI_MANIFEST, "subject": {"digest": digest_of(body), "size": 1}}).encode()
    referrer = registry.push("app", "sbom", belonging, OCI_MANIFEST)
    subject = registry.push("app", None, body)
    assert swept(registry, action(referrer, "sbom")) == [(Result.SKIPPED, f"its subject {subject} is there now")]


def test_a_tag_that_names_its_own_digest_is_no_accessory() -> None:
    registry = ModelRegistry()
    body = image("named by itself")
    tag = f"sha256-{digest_of(body)[7:]}"
    assert swept(registry, action(registry.push("app", tag, body), tag)) == [(Result.DELETED, "")]


def test_a_knot_that_somebody_tags_again_stays_whole() -> None:
    """The index belongs to what it lists, so that the plan lets its child go before it."""
    registry = ModelRegistry()
    child = registry.push("app", "1", image("child"))
    parent = registry.push("app", "2", index(child), DOCKER_LIST)
    registry.push("app", "again", index(child), DOCKER_LIST)
    assert swept(registry, action(child, "1"), action(parent, "2", root=child)) == [
        (Result.SKIPPED, "needed by tag again"),
        (Result.SKIPPED, "tag again points at it now"),
    ]


@pytest.mark.parametrize("there", [True, False])
def test_what_is_not_kept_for_an_undo_is_not_deleted(there: bool) -> None:
    """Pushed again since it was looked for, for one. What it holds stays with it."""
    registry, told = ModelRegistry(), Told()
    child = registry.push("app", None, image("child"))
    parent = registry.push("app", "1", index(child), DOCKER_LIST)
    if not there:
        del registry.bodies["app", parent], registry.tagged["app"]["1"]
    work = Sweeper(
        registry,  # type: ignore[arg-type]
        MemoryCache(),
        2,
        told.clock,
        told,  # type: ignore[arg-type]
        told,  # type: ignore[arg-type]
        told.outcomes.extend,
        kept=lambda action: action.digest != parent,
    )
    found = sweep(plan_of(action(parent, "1"), action(child, root=parent)), work).outcomes
    if there:
        assert [outcome.result for outcome in found] == [Result.SKIPPED, Result.SKIPPED]
        assert found[0].message == "it is not kept for an undo"
        assert registry.deletes == []
    else:
        assert [outcome.result for outcome in found] == [Result.GONE, Result.DELETED]
