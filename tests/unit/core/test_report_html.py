"""The page holds what the record holds, and no more: nothing of it is ever markup."""

from __future__ import annotations

from html.parser import HTMLParser

from regsweep.core.report.document import to_report
from regsweep.core.report.html import render
from tests.unit.core.records import EVIL, digest, evil, record, whole


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


def test_a_record_without_a_plan_is_a_page() -> None:
    assert "registry/nightly" in render(to_report(record(plan=None)))
