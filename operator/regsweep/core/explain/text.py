"""An explanation as lines: the decision first, then what it rests on, then what would change it."""

from __future__ import annotations

from collections.abc import Iterator

from regsweep.core.explain.document import ChangePart, Explanation, NeighbourPart, RulePart
from regsweep.core.inuse import User
from regsweep.core.report.text import printable
from regsweep.core.verdict import KEPT_LATEST

_WIDTH = 13
_TIES = {
    "listed-by": "listed by", "subject": "belongs to", "lists": "lists", "referrer": "has referrer",
}  # fmt: skip


def render(explanation: Explanation) -> str:
    """The explanation as text. A section that has nothing to say is left out."""
    sections = (_head, _rules, _place, _protections, _users, _relations, _planned, _changes, _notes)
    written = ["\n".join(lines) for section in sections if (lines := list(section(explanation)))]
    return printable("\n\n".join(written)) + "\n"


def _head(it: Explanation) -> Iterator[str]:
    name = f"{it.repository}@{it.digest}" if it.tag is None else f"{it.repository}:{it.tag}"
    yield f"{name} {it.decision}" + (f": {it.reason}" if it.reason else "")
    words = [
        it.meaning,
        it.detail and f"{it.detail[0].upper()}{it.detail[1:]}.",
        it.because and f"Because of {it.because}.",
    ]
    yield "  " + " ".join(part for part in words if part)
    yield ""
    if it.digest is not None:
        yield _field("digest", f"{it.digest}" + (f" ({it.media_type})" if it.media_type else ""))
    if it.age is not None:
        since = f", since {_seconds(it.age.since)}" if it.age.since else ""
        yield _field("age", f"{it.age.age}{since}: {it.age.note}")
    others = [part for part in it.tags if part.name != it.tag]
    if others:
        said = ", ".join(f"{part.name} ({part.decision}: {part.reason})" for part in others)
        yield _field("also tagged", said)
    yield _field("judged by", f"policy {it.policy} on {it.registry} ({it.source}), at {_seconds(it.at)}")


def _rules(it: Explanation) -> Iterator[str]:
    if not it.rules:
        return
    yield "rules, in order; the first that selects it decides:"
    decider = next((at for at, rule in enumerate(it.rules) if rule.decides), len(it.rules))
    shown = [rule for at, rule in enumerate(it.rules) if at <= decider or rule.selects]
    width = max(len(rule.name) for rule in shown)
    for rule in shown:
        yield f"  {'>' if rule.decides else ' '} {rule.name:{width}}  {_rule(rule)}"


def _rule(rule: RulePart) -> str:
    if rule.decides:
        return f"decides: {rule.why}; it keeps {rule.keep}"
    return rule.why


def _place(it: Explanation) -> Iterator[str]:
    place = it.place
    if place is None:
        return
    group = f" in group {place.group!r}" if place.group else ""
    where = f"place {place.rank} of {place.of}" if place.rank <= place.of else f"at place {place.rank}, and takes none,"
    yield f"{where} by {place.order_by}{group}; the first {place.kept} are kept:"
    last = None
    for neighbour in place.neighbours:
        if last is not None and neighbour.rank > last + 1:
            yield "        ..."
        if last is not None and last <= place.kept < neighbour.rank:
            yield f"        ----- {place.kept} kept"
        last = neighbour.rank
        yield _neighbour(neighbour, own=neighbour.digest == it.digest)


def _neighbour(neighbour: NeighbourPart, *, own: bool) -> str:
    since = f"  {_seconds(neighbour.since)}" if neighbour.since else ""
    plain = neighbour.decision == "goes" or neighbour.reason == KEPT_LATEST
    said = neighbour.decision if plain else f"{neighbour.decision}: {neighbour.reason}"
    return f"  {'>' if own else ' '} {neighbour.rank:4}  {', '.join(neighbour.tags[:5])}{since}  {said}"


def _protections(it: Explanation) -> Iterator[str]:
    if it.source == "plan":
        return
    if not it.protections:
        yield "nothing protects it"
        return
    yield "what keeps it:"
    width = max(len(part.reason) for part in it.protections)
    for part in it.protections:
        yield f"    {part.reason:{width}}  {part.text}"


def _users(it: Explanation) -> Iterator[str]:
    if it.users:
        yield "who uses it:"
    for user in it.users:
        yield f"    {User(**user.model_dump())}"


def _relations(it: Explanation) -> Iterator[str]:
    if it.ties:
        yield "what it has to do with:"
    for tie in it.ties:
        tags = f" ({', '.join(tie.tags[:3])})" if tie.tags else ""
        yield f"    {_TIES[tie.tie]:{_WIDTH}}  {tie.digest}{tags}  {tie.decision}: {tie.reason}"


def _planned(it: Explanation) -> Iterator[str]:
    if it.planned is None:
        return
    planned = it.planned
    if planned.step:
        alone = planned.root == it.digest
        train = "on its own account" if alone else f"in the train of {planned.root}"
        yield f"deletion {planned.step} of {planned.steps}, {train}"
        if planned.after:
            yield f"only after: {', '.join(planned.after)}"
    yield f"plan {planned.plan}, good until {_seconds(planned.expires_at)}"


def _changes(it: Explanation) -> Iterator[str]:
    if not it.changes:
        return
    verb = "keep it" if it.decision == "goes" else "let it go"
    yield f"to {verb}, change the policy in one of these ways (each was tried on what was read):"
    for change in it.changes:
        yield from _change(change)


def _change(change: ChangePart) -> Iterator[str]:
    counted = ((change.also_kept, "stay"), (change.also_gone, "go"))
    said = " and ".join(f"{number} more {_verb(word, number)}" for number, word in counted if number)
    for number, edit in enumerate(change.edits):
        yield f"    {'and ' if number else '  * '}{edit}"
    yield f"          then {change.decision}: {change.reason}; {said or 'no other tag of the repository changes'}"


def _verb(word: str, number: int) -> str:
    return word if number > 1 else {"stay": "stays", "go": "goes"}[word]


def _notes(it: Explanation) -> Iterator[str]:
    yield from it.notes


def _seconds(time: str) -> str:
    return f"{time.partition('.')[0]}Z" if "." in time else time


def _field(name: str, text: str) -> str:
    return f"  {name:{_WIDTH}}{text}"
