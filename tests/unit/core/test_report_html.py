"""The page holds what the record holds, and no more: nothing of it is ever markup."""

from __future__ import annotations

from html.parser import HTMLParser

import pytest

from regsweep.core.report.document import to_report
from regsweep.core.report.html import moment, render
from tests.unit.core.records import EVIL, digest, evil, record, undone, whole


class Seen(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.text += data


def seen(page: str) -> Seen:
    parser = Seen()
    parser.feed(page)
    return parser


def test_nothing_of_a_record_is_markup() -> None:
    page = seen(render(to_report(evil())))
    assert "script" not in page.tags
    assert EVIL in page.text


def test_a_page_loads_nothing() -> None:
    page = seen(render(to_report(whole())))
    assert page.tags & {"script", "link", "img", "iframe", "object"} == set()
    assert page.attributes <= {"lang", "charset", "name", "content", "class"}


def test_everything_is_on_the_page() -> None:
    text = seen(render(to_report(whole()))).text
    for words in (
        "SweepIncomplete",
        "team/app",
        "kept.latest",
        "9.0 MiB",
        "1 damaged",
        digest(1),
        "broken.no-manifest",
        "Pod shop/web-09",
        "2 more",
        "not in the registry any more",
    ):
        assert words in text


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("2026-03-01T03:00:00+00:00", "2026-03-01 03:00:00 UTC"),
        ("2026-03-01T03:00:00.123456+00:00", "2026-03-01 03:00:00 UTC"),
        ("2026-03-01T03:00:00Z", "2026-03-01 03:00:00 UTC"),
        ("2026-03-01T03:00:00.5+02:00", "2026-03-01 03:00:00 +02:00"),
        ("", ""),
        ("<b>", "<b>"),
    ],
)
def test_times_are_for_people(written: str, read: str) -> None:
    assert moment(written) == read


def test_a_run_that_has_not_ended_names_no_end() -> None:
    report = to_report(record()).model_copy(update={"finished_at": ""})
    assert " to " not in render(report).split("<dt>Time</dt>")[1].split("</dd>")[0]


def test_a_record_without_a_plan_is_a_page() -> None:
    assert "registry/nightly" in render(to_report(record(plan=None)))


def test_a_page_of_a_restore() -> None:
    page = seen(render(to_report(undone())))
    assert "script" not in page.tags
    for words in ("Put back", "v2", f"the tag points at {digest(9)} now", EVIL):
        assert words in page.text
