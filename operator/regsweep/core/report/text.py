"""A report as plain lines, for logs and pipes: what happened, what goes and why, what stays and why, what to look
at.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import groupby

from regsweep.core.inuse import User
from regsweep.core.report.document import ActionPart, Report, RestoredPart, UsedPart, UserPart

_SHOWN = 20
HINT = "hint."
"""How the code of a finding about the policy itself begins."""

_HEADLINES = {
    "DryRun": "Dry run: nothing was deleted.",
    "NothingToDelete": "Nothing to delete.",
    "Deleted": "Deleted; every kept image answers. The space comes back at the next garbage collection.",
    "Collected": "Deleted and collected; every kept image is whole.",
    "Restored": "Put back; every image that was put back is whole.",
    "AwaitingApproval": "The plan waits for approval: nothing was deleted.",
}


def headline(report: Report) -> str:
    """One sentence: how the run ended."""
    return _HEADLINES.get(report.reason, f"{report.reason}: {report.message}")


def human_bytes(number: int) -> str:
    """`1.2 GiB`: binary units, one decimal above KiB."""
    value = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(value) < 1024:
            return f"{int(value)} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def render(report: Report, *, details: bool = False) -> str:
    """The report as text. `details` lists every deletion with its digest; without it, a line a repository."""
    sections = (
        _head(report),
        _deletions(report, details),
        _restored(report, details),
        _kept(report),
        _in_use(report, details),
        _collection(report),
        _proof(report),
        _findings(report),
        _hints(report),
    )
    written = "\n\n".join("\n".join(lines) for lines in (list(section) for section in sections) if lines)
    return printable(written) + "\n"


def printable(text: str) -> str:
    """`text` with nothing in it that a terminal would obey: what a registry answers is not ours."""
    return "".join(char if char.isprintable() or char == "\n" else "\N{REPLACEMENT CHARACTER}" for char in text)


def _head(report: Report) -> Iterator[str]:
    yield headline(report)
    yield f"registry {report.registry}, policy {report.policy}, mode {report.mode}"
    if report.inventory:
        yield f"inventory {report.inventory}" + (f": {report.inventory_reason}" if report.inventory_reason else "")
    if report.plan is None:
        return
    plan, bound = report.plan, "up to " if report.plan.bytes_are_upper_bound else ""
    yield (
        f"{plan.deleted_tags} of {plan.tags} tags and {plan.deleted_manifests} of {plan.manifests} manifests "
        f"in {plan.repositories} repositories go; {bound}{human_bytes(plan.bytes)} can come back"
    )
    yield from (f"over a limit: {sentence}" for sentence in plan.over_limit)
    yield f"plan {plan.digest}, good until {plan.expires_at}"


def _deletions(report: Report, details: bool) -> Iterator[str]:
    for repository, group in groupby(report.actions, key=lambda action: action.repository):
        actions = list(group)
        results = Counter(action.result for action in actions)
        counted = ", ".join(f"{number} {result}" for result, number in sorted(results.items()))
        yield f"{repository}: {counted} ({sum(len(action.tags) for action in actions)} tags)"
        yield from (_action(action) for action in actions if details or action.message)


def _action(action: ActionPart) -> str:
    tags = ", ".join(action.tags) or "no tag"
    tail = f": {action.message}" if action.message else ""
    return f"  {action.result} {action.digest} ({tags}) {action.reason}{tail}"


def _restored(report: Report, details: bool) -> Iterator[str]:
    for repository, group in groupby(report.restored, key=lambda part: part.repository):
        parts = list(group)
        for what, some in (("manifests", [p for p in parts if not p.tag]), ("tags", [p for p in parts if p.tag])):
            results = Counter(part.result for part in some)
            counted = ", ".join(f"{number} {result}" for result, number in sorted(results.items()))
            yield f"{repository}: {what}: {counted or 'none'}"
        yield from (_put(part) for part in parts if details or part.message)


def _put(part: RestoredPart) -> str:
    return f"  {part.result} {part.tag or part.digest}{f': {part.message}' if part.message else ''}"


def _kept(report: Report) -> Iterator[str]:
    if report.kept_by_reason:
        yield "kept tags, and why:"
    width = max((len(reason) for reason in report.kept_by_reason), default=0)
    for reason, number in report.kept_by_reason.items():
        yield f"  {reason:{width}} {number}"


def _in_use(report: Report, details: bool) -> Iterator[str]:
    there = [image for image in report.in_use if image.digest]
    if there:
        yield f"in use, and protected: {_images(len(there))}"
    shown = there if details else there[:_SHOWN]
    for image in shown:
        by = ", ".join(image.references) or image.digest
        yield f"  {image.repository} ({by}): {_users(image)}"
    if len(shown) < len(there):
        yield f"  ... and {len(there) - len(shown)} more"
    if gone := len(report.in_use) - len(there):
        yield f"in use, and not in the registry any more: {_images(gone)}; see in-use.missing"


def _images(number: int) -> str:
    return "1 image" if number == 1 else f"{number} images"


def _users(image: UsedPart) -> str:
    first, more = user_words(image.users[0]) if image.users else "", image.user_count - 1
    return f"{first} and {more} more" if more > 0 else first


def user_words(user: UserPart) -> str:
    """As `User` says it."""
    return str(User(user.kind, user.namespace, user.name, user.container, user.cluster))


def _collection(report: Report) -> Iterator[str]:
    collection = report.collection
    if collection is None:
        if report.collect_skipped and report.mode == "Delete":
            yield f"not collected: {report.collect_skipped}"
        return
    yield f"collected: {collection.blobs_deleted} blobs swept, {collection.blobs_marked} kept"
    if collection.bytes_before is not None and collection.bytes_after is not None:
        freed = collection.bytes_before - collection.bytes_after
        before, after = human_bytes(collection.bytes_before), human_bytes(collection.bytes_after)
        yield f"on disk: {before} before, {after} after, {human_bytes(freed)} freed"
    if collection.repositories_removed:
        yield f"{collection.repositories_removed} empty repositories removed"
    own = collection.collector_seconds
    beside = f"; the collector itself took {own} s" if own is not None else ""
    yield f"pushes were refused for {collection.write_blocked_seconds} s{beside}"


def _proof(report: Report) -> Iterator[str]:
    proof = report.verification
    if proof is None:
        return
    if proof.damaged:
        yield f"DAMAGED: {len(proof.damaged)} parts of images that were to be kept are gone"
        yield from (f"  {finding.repository} {finding.reference}" for finding in proof.damaged[:20])
        return
    looked = f" with {proof.blobs} configs and layers" if proof.blobs else ""
    yield f"proven: {proof.images} kept images{looked} answer"


def _findings(report: Report) -> Iterator[str]:
    found = [finding for finding in report.findings if not finding.code.startswith(HINT)]
    if found:
        yield "worth a look:"
    for finding in found:
        place = f"{finding.repository}:{finding.reference}" if finding.reference else finding.repository
        yield f"  {finding.code} {place}: {finding.message}"


def _hints(report: Report) -> Iterator[str]:
    hints = [finding for finding in report.findings if finding.code.startswith(HINT)]
    if hints:
        yield "what the policy says in vain:"
    for hint in hints:
        yield f"  {hint.code} {hint.reference}: {hint.message}"
