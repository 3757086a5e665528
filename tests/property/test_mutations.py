"""The promises bite: an engine that is broken on purpose, in a way in which cleaners lose images, is caught."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from datetime import datetime
from random import Random
from typing import Any

import pytest

from regsweep.api import scalars
from regsweep.core import ages, graph, ledger, oci, ordering, planning, ranking, retention, selection, tagging, train
from regsweep.core.graph import Bond, Graph, Tie
from regsweep.core.inventory import Repository
from regsweep.core.verdict import Verdict
from tests.property import engine
from tests.property.promises import COSTLY, PROMISES, Broken, check
from tests.property.strategies import make_case

CASES = 1500
"""Tried on each broken engine at most."""

COSTLY_CASES = 100
"""On so many of them the promises that plan more than once are tried, too."""


def drop_the_shared_digest_check(patch: pytest.MonkeyPatch) -> None:
    real = retention._staying_roots

    def staying(scene: Any, graph_: Graph, tags: Any) -> Any:
        expired = {tag for tag, verdict in tags.verdicts.items() if verdict.expired}
        found = real(scene, graph_, tags)
        return {digest: verdict for digest, verdict in found.items() if not expired & set(graph_.tags.get(digest, ()))}

    patch.setattr(retention, "_staying_roots", staying)


def follow_layers_as_children(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Graph, "holds", _holds_with_layers)
    patch.setattr(Graph, "takes_along", _holds_with_layers)


def _holds_with_layers(self: Graph, digest: Any) -> Iterator[Bond]:
    for held in (*self.manifests[digest].children, *self.manifests[digest].blobs):
        if held.digest in self.manifests and held.digest != digest:
            yield Bond(digest, held.digest, Tie.CHILD)
    for referrer in self.referrers.get(digest, ()):
        yield Bond(digest, referrer, Tie.REFERRER)


def sort_dates_as_text(patch: pytest.MonkeyPatch) -> None:
    real = ordering.newest_first

    def newest_first(members: list[Any]) -> Any:
        return real([(f"{key:%d.%m.%Y}" if isinstance(key, datetime) else key, tag) for key, tag in members])

    patch.setattr(ranking, "newest_first", newest_first)


def sort_versions_as_text(patch: pytest.MonkeyPatch) -> None:
    real = ordering.semver_key
    patch.setattr(ranking, "semver_key", lambda tag: (tag,) if real(tag) else None)


def count_signatures_as_versions(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tagging, "_counts", lambda tag, repository: True)


def judge_signatures_by_rules(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(tagging, "accessory_subject", lambda tag: None)


def count_tags_instead_of_images(patch: pytest.MonkeyPatch) -> None:
    def places(group: str, members: list[Any], counts: Callable[[Any], bool]) -> dict[str, ranking.Place]:
        tags = ordering.newest_first(members)
        return {tag.name: ranking.Place(at, len(members), group) for at, tag in enumerate(tags, start=1)}

    patch.setattr(ranking, "_places", places)


def drop_referrers(patch: pytest.MonkeyPatch) -> None:
    real = graph.graph_of
    patch.setattr(retention, "graph_of", lambda repository: dataclasses.replace(real(repository), referrers={}))


def drop_children(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(retention, "closure", lambda roots, bonds: {})


def leave_children_behind(patch: pytest.MonkeyPatch) -> None:
    real = Graph.takes_along
    patch.setattr(Graph, "takes_along", lambda self, digest: iter(()))
    patch.setattr(Graph, "holds", real)


def follow_children_one_level_only(patch: pytest.MonkeyPatch) -> None:
    def closure(roots: Any, bonds: Any) -> Any:
        return {bond.held: bond for root in sorted(roots) for bond in bonds(root) if bond.held not in roots}

    patch.setattr(retention, "closure", closure)


def delete_children_first(patch: pytest.MonkeyPatch) -> None:
    real = train.in_order
    patch.setattr(planning, "in_order", lambda condemned, graph_: list(real(condemned, graph_))[::-1])


def forget_what_must_go_before(patch: pytest.MonkeyPatch) -> None:
    real = train.in_order
    patch.setattr(planning, "in_order", lambda *given: [found._replace(after=()) for found in real(*given)])


def take_unknown_for_old(patch: pytest.MonkeyPatch) -> None:
    real = ages.Ages.created
    patch.setattr(ages.Ages, "created", lambda self, digest: real(self, digest) or ages.EARLIEST_PLAUSIBLE)


def believe_every_date(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ages.Ages, "plausible", lambda self, moment: True)


def take_the_oldest_platform(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ages, "max", min, raising=False)


def ignore_what_is_used(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(retention, "users_by_digest", lambda repository, graph_, in_use: {})


def forget_that_a_platform_is_part_of_its_index(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(graph.Graph, "parents", lambda self, digests: {})


def ignore_protected_tags(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(selection.Selection, "protects", lambda self, tag: False)


def ignore_exclude(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(selection, "selected", lambda selector: selection.matcher(selector.include))


def ignore_the_minimum_age(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(retention, "_perhaps_just_pushed", lambda digest, scene: None)


def delete_what_nobody_explains(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(retention, "_unexplained", lambda chosen: Verdict("expired.untagged"))


def promise_shared_blobs(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(ledger.Ledger, "keep", lambda self, digests: None)


def depend_on_the_order_of_listing(patch: pytest.MonkeyPatch) -> None:
    def newest_first(members: list[Any]) -> Any:
        return [tag for _, tag in sorted(members, key=lambda member: member[0], reverse=True)]

    patch.setattr(ranking, "newest_first", newest_first)


def let_a_first_sight_take_a_place(patch: pytest.MonkeyPatch) -> None:
    real = ages.Ages.pushed
    patch.setattr(ages.Ages, "pushed", lambda self, tag: real(self, tag) or self.seen(tag))


def take_a_first_sight_for_ages_ago(patch: pytest.MonkeyPatch) -> None:
    real = ages.Ages.seen
    patch.setattr(ages.Ages, "seen", lambda self, tag: real(self, tag) and ages.EARLIEST_PLAUSIBLE)


def take_an_untagged_subject_for_gone(patch: pytest.MonkeyPatch) -> None:
    """As a scan would that does not ask for what no tag reaches."""
    real = retention.judge

    def judge(repository: Repository, *given: Any) -> Any:
        tagged = {tag.digest for tag in repository.tags}
        subjects = {oci.accessory_subject(tag.name) for tag in repository.tags} - tagged
        manifests = {digest: manifest for digest, manifest in repository.manifests.items() if digest not in subjects}
        absent = repository.absent | {subject for subject in subjects if subject}
        return real(dataclasses.replace(repository, manifests=manifests, absent=absent), *given)

    patch.setattr(engine, "judge", judge)


def let_the_last_rule_decide(patch: pytest.MonkeyPatch) -> None:
    def rule_of(self: selection.Selection, tag: str) -> Any:
        pairs = zip(self.rules, self._tag_matches, strict=True)
        return next((rule for rule, matches in reversed([*pairs]) if matches(tag)), None)

    patch.setattr(selection.Selection, "rule_of", rule_of)


def keep_one_image_less(patch: pytest.MonkeyPatch) -> None:
    real = ranking.Place
    patch.setattr(ranking, "Place", lambda rank, of, group: real(rank + (rank > 1), of, group))


def count_all_groups_as_one(patch: pytest.MonkeyPatch) -> None:
    real = scalars.GroupPattern.group
    patch.setattr(scalars.GroupPattern, "group", lambda self, tag: None if real(self, tag) is None else "")


def believe_that_a_layer_elsewhere_is_freed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(oci.Descriptor, "is_foreign", False)


MUTATIONS = {
    let_a_first_sight_take_a_place: 91,
    take_a_first_sight_for_ages_ago: 19,
    take_an_untagged_subject_for_gone: 3,
    let_the_last_rule_decide: 11,
    keep_one_image_less: 1,
    count_all_groups_as_one: 3705,
    believe_that_a_layer_elsewhere_is_freed: 3,
    drop_the_shared_digest_check: 0,
    follow_layers_as_children: 342,
    sort_dates_as_text: 24,
    sort_versions_as_text: 21,
    count_signatures_as_versions: 1,
    judge_signatures_by_rules: 96,
    count_tags_instead_of_images: 1,
    drop_referrers: 12,
    drop_children: 3,
    leave_children_behind: 18,
    follow_children_one_level_only: 21,
    delete_children_first: 12,
    forget_what_must_go_before: 12,
    take_unknown_for_old: 3,
    believe_every_date: 35,
    take_the_oldest_platform: 267,
    ignore_what_is_used: 32,
    forget_that_a_platform_is_part_of_its_index: 32,
    ignore_protected_tags: 63,
    ignore_exclude: 16,
    ignore_the_minimum_age: 26,
    delete_what_nobody_explains: 0,
    promise_shared_blobs: 0,
    depend_on_the_order_of_listing: 2,
}
"""Each with the seed of its search. With the chosen one the first case gives it away. When cases are made otherwise the
search goes on, as far as with any other, and only takes longer; what few cases show (count_all_groups_as_one) may then
need a new seed.
"""


@pytest.mark.parametrize(
    ("mutate", "seed"), [pytest.param(mutate, seed, id=mutate.__name__) for mutate, seed in MUTATIONS.items()]
)
def test_a_broken_engine_is_caught(
    mutate: Callable[[pytest.MonkeyPatch], None], seed: int, monkeypatch: pytest.MonkeyPatch
):
    mutate(monkeypatch)
    assert caught_by(seed) is not None


def caught_by(seed: int) -> str | None:
    """The first promise that fails, over the first cases; None where the engine gets away with it."""
    rng, cheap = Random(seed), tuple(promise for promise in PROMISES if promise not in COSTLY)
    for number in range(CASES):
        case = make_case(rng.randrange(2**48), rng.choice([6, 12, 16]))
        try:
            check(case, PROMISES if number < COSTLY_CASES else cheap)
        except Broken as broken:
            return str(broken)
    return None
