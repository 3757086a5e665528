"""What must hold of every plan, as plain checks that raise AssertionError.

The tests try them all on each of many cases; the mutation tests try them on a broken engine, where one must fail.
To add one: write it in the file that it fits, and name it in PROMISES.
"""

from __future__ import annotations

from collections.abc import Callable

from tests.property.engine import Decided, decide
from tests.property.promises import changes, explaining, keeping, plans, sweeping
from tests.property.strategies import Case

Promise = Callable[[Case, Decided], None]

PROMISES: tuple[Promise, ...] = (
    keeping.every_object_has_one_documented_verdict,
    keeping.what_is_kept_stays_whole_at_every_moment,
    keeping.what_no_tag_names_and_stays_is_whole,
    keeping.nothing_outside_the_selected_repositories_is_touched,
    keeping.nothing_goes_that_no_rule_lets_go,
    keeping.nothing_goes_unexplained,
    keeping.nothing_young_goes,
    keeping.what_is_used_stays,
    keeping.unknown_types_stay,
    keeping.an_accessory_goes_only_with_or_after_its_subject,
    keeping.all_that_only_the_expired_held_goes,
    plans.holders_go_first,
    plans.a_skipped_action_keeps_its_parts,
    plans.planning_again_adds_nothing,
    plans.bytes_promised_are_freed,
    plans.marks_are_those_of_the_collector,
    plans.the_order_of_listing_is_irrelevant,
    plans.a_plan_survives_its_file,
    sweeping.a_sweep_that_was_interrupted_goes_on_from_its_plan,
    sweeping.what_is_tagged_again_meanwhile_stays_whole,
    explaining.an_explanation_agrees_with_the_plan,
    changes.unknown_only_protects,
    changes.more_protection_never_deletes_more,
)

COSTLY = frozenset(
    {
        plans.planning_again_adds_nothing,
        plans.the_order_of_listing_is_irrelevant,
        sweeping.a_sweep_that_was_interrupted_goes_on_from_its_plan,
        sweeping.what_is_tagged_again_meanwhile_stays_whole,
        explaining.an_explanation_agrees_with_the_plan,
        changes.unknown_only_protects,
        changes.more_protection_never_deletes_more,
    }
)
"""Those that plan more than once, carry the plan out, or explain all of it."""


class Broken(AssertionError):
    """A promise that does not hold of a case; its name comes first."""


def check(case: Case, promises: tuple[Promise, ...] = PROMISES) -> None:
    """Decide once, and hold every promise to it. Raises Broken with the name of the first that fails, and the case."""
    decided = decide(case)
    for promise in promises:
        try:
            promise(case, decided)
        except AssertionError as error:
            raise Broken(f"{promise.__name__} does not hold of {case!r}: {error}") from error
