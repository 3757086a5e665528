"""A comparison as lines, for the log of a pull request: the numbers first, then every tag that would be lost."""

from __future__ import annotations

from collections.abc import Iterator

from regsweep.core.comparison.document import ChangedTagPart, Comparison, FilePart, SidePart
from regsweep.core.report.text import human_bytes, printable

_SHOWN_GONE = 20
_SHOWN_KEPT = 5
"""So many tags of a repository are named; `-o json` names all."""


def file_line(part: FilePart) -> str:
    said = "; ".join(f"{it.field}: {it.message}" if it.field else it.message for it in part.problems)
    return f"{part.file}: {said or f'{part.policy} is valid'}"


def render(it: Comparison) -> str:
    """The comparison as text."""
    lines = [*_head(it), *_changes(it), *_hints(it), *it.notes]
    return printable("\n".join(lines))


def _head(it: Comparison) -> Iterator[str]:
    whole = "the whole registry" if it.whole else "a part of the registry"
    yield f"{it.file}: {it.policy}, compared with {it.compared_with} on {it.inventory}"
    yield f"  {it.registry} as of {it.taken_at}: {whole}, {it.repositories} repositories, {it.tags} tags"
    if it.unread:
        names = ", ".join(it.unread[:5])
        yield f"  {len(it.unread)} repositories could not be read, and nothing is known of them: {names}"
    yield f"  newly gone: {_tags(len(it.newly_gone), it.untagged_newly_gone)}"
    yield f"  newly kept: {_tags(len(it.newly_kept), it.untagged_newly_kept)}"
    yield f"  before: {_side(it.before)}"
    yield f"  after:  {_side(it.after)}"
    yield from (f"  over a limit, waits for approval: {sentence}" for sentence in it.after.over_limit)


def _tags(tags: int, untagged: int) -> str:
    said = f"{tags} tag{'' if tags == 1 else 's'}"
    return f"{said}, {untagged} manifests without a tag" if untagged else said


def _side(part: SidePart) -> str:
    bound = "up to " if part.bytes_are_upper_bound else ""
    return (
        f"{part.deleted_tags} tags and {part.deleted_manifests} manifests go, "
        f"{bound}{human_bytes(part.bytes)} can come back"
    )


def _changes(it: Comparison) -> Iterator[str]:
    for part in it.by_rule:
        yield f"  by {part.name}: {part.newly_gone} newly gone, {part.newly_kept} newly kept"
    for part in it.by_repository:
        yield f"  {part.name}: {part.newly_gone} newly gone, {part.newly_kept} newly kept"
        yield from _listed("-", [tag for tag in it.newly_gone if tag.repository == part.name], _SHOWN_GONE)
        yield from _listed("+", [tag for tag in it.newly_kept if tag.repository == part.name], _SHOWN_KEPT)


def _listed(sign: str, tags: list[ChangedTagPart], shown: int) -> Iterator[str]:
    for tag in tags[:shown]:
        yield f"    {sign} {tag.tag}: {_reason(tag.before, tag.before_rule)} -> {_reason(tag.after, tag.after_rule)}"
    if len(tags) > shown:
        yield f"    {sign} ... and {len(tags) - shown} more; -o json lists all"


def _reason(reason: str, rule: str | None) -> str:
    return reason if rule is None or reason.startswith("expired.") else f"{reason} of {rule}"


def _hints(it: Comparison) -> Iterator[str]:
    for hint in it.hints:
        yield f"  {hint.code} {hint.reference}: {hint.message}"
