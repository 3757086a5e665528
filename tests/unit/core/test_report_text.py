"""The report as lines: the numbers of the record, and nothing that a terminal would obey."""

from __future__ import annotations

import pytest

from regsweep.core.inuse import User
from regsweep.core.report.document import to_report
from regsweep.core.report.text import headline, human_bytes, render
from regsweep.core.rollcall import UsedImage
from tests.unit.core.records import START, digest, evil, plan, record, undone, whole


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (1536, "1.5 KiB"), (3 << 20, "3.0 MiB"), (5 << 30, "5.0 GiB"),
        (7 << 40, "7.0 TiB"), (9000 << 40, "9000.0 TiB"), (-2048, "-2.0 KiB"),
    ],
)  # fmt: skip
def test_bytes_for_people(number: int, text: str) -> None:
    assert human_bytes(number) == text


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("DryRun", "nothing was deleted"),
        ("NothingToDelete", "Nothing to delete"),
        ("Deleted", "next garbage collection"),
        ("Collected", "every kept image is whole"),
        ("Restored", "Put back"),
    ],
)
def test_the_headline_says_how_it_ended(reason: str, words: str) -> None:
    assert words in headline(to_report(record(reason)))


def test_a_failure_says_its_reason_and_message() -> None:
    assert headline(to_report(whole())) == "SweepIncomplete: 1 of 2 deletions failed"


def test_a_dry_run() -> None:
    assert (
        render(to_report(record()))
        == f"""\
Dry run: nothing was deleted.
registry http://registry:5000, policy registry/nightly, mode DryRun
inventory API: registry.workloadRef is not set
2 of 20 tags and 2 of 30 manifests in 2 repositories go; 3.0 MiB can come back
plan {digest(901)}, good until 2026-03-02T03:00:00+00:00

team/app: 1 planned (2 tags)
team/web: 1 planned (0 tags)

kept tags, and why:
  kept.latest   12
  protected.tag 6
"""
    )


def test_a_whole_run() -> None:
    lines = render(to_report(whole())).splitlines()
    assert "team/app: 1 deleted (2 tags)" in lines
    assert "team/web: 1 failed (1 tags)" in lines
    assert f"  failed {digest(2)} (old) expired.builds: the registry said 500" in lines
    assert "collected: 7 blobs swept, 60 kept" in lines
    assert "on disk: 9.0 MiB before, 6.0 MiB after, 3.0 MiB freed" in lines
    assert "pushes were refused for 12.3 s" in lines
    assert "in use, and protected: 2 images" in lines
    assert "  team/app (v3, v4): Pod shop/web-00 and 11 more" in lines
    assert f"  team/web ({digest(5)}): Job shop/once, container main in cluster edge" in lines
    assert "in use, and not in the registry any more: 1 image; see in-use.missing" in lines
    assert "DAMAGED: 1 parts of images that were to be kept are gone" in lines
    assert "  broken.no-manifest team/app:v9: has no manifest" in lines


def test_details_list_every_deletion() -> None:
    assert f"  planned {digest(1)} (v1, v2) expired.builds" in render(to_report(record()), details=True)
    assert f"  planned {digest(2)} (no tag) expired.builds" in render(to_report(record()), details=True)


def test_many_images_in_use_are_listed_with_the_details() -> None:
    used = tuple(UsedImage("app", digest(n), (f"v{n:02}",), (User("Pod", "a", "b"),)) for n in range(30))
    short, long = (render(to_report(record(used=used)), details=details) for details in (False, True))
    assert ("  ... and 10 more" in short, "  app (v29)" in short) == (True, False)
    assert ("more" in long, "  app (v29): Pod a/b" in long) == (False, True)


def test_an_upper_bound_and_a_limit_are_said() -> None:
    from dataclasses import replace

    over = replace(plan(), bytes_are_upper_bound=True, over_limit=("60 % is more than 50 %",), created_at=START)
    text = render(to_report(record(plan=over)))
    assert "up to 3.0 MiB can come back" in text
    assert "over a limit: 60 % is more than 50 %" in text


def test_why_it_was_not_collected_is_said() -> None:
    text = render(to_report(record("Deleted", mode="Delete", collect_skipped="garbage collection is switched off")))
    assert "not collected: garbage collection is switched off" in text


def test_a_terminal_has_nothing_to_obey() -> None:
    assert "\x1b" not in render(to_report(evil()), details=True)


def test_a_restore_counts_by_repository_and_says_what_was_not_put() -> None:
    text = render(to_report(undone()))
    assert "mode Restore" in text
    assert "team/app: manifests: 1 failed, 1 restored\nteam/app: tags: 1 restored, 1 skipped\n" in text
    assert f"  failed {digest(2)}: its layer is gone" in text
    assert f"  skipped v2: the tag points at {digest(9)} now" in text
    assert "  restored v1" not in text
    assert "  restored v1" in render(to_report(undone()), details=True)
