"""Plan → one Outcome for each action: DELETE by digest, after one more look (S7). Serial within a repository,
parallel across.

It may delete nothing that is not an action of the plan. A DELETE costs the registry a read of every tag in the
repository,
so a second one at the same time in the same repository would gain nothing, and would widen the race with pushes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from itertools import groupby

from regsweep.clients.registry import Deleter
from regsweep.core.inventory import Finding, InUse
from regsweep.core.lost import Aftermath
from regsweep.core.oci import Digest
from regsweep.core.outcome import Outcome, Result
from regsweep.core.plan import Action, Plan
from regsweep.core.ports import Clock, ManifestCache, Progress, Stop
from regsweep.errors import DeleteDisabled, InUseUnknown, RegistryDenied, RegistryError
from regsweep.steps.sweep.guard import Guard, Watch, holding, nobody_watches
from regsweep.steps.sweep.living import Living

__all__ = ["Sweeper", "Swept", "Watch", "sweep"]


@dataclass(frozen=True, slots=True)
class Sweeper:
    """What a sweep works with. `tell` gets the outcomes as they come; it may raise to stop the sweep. `in_use` says who
    uses what now (a `Watch`); it raises InUseUnknown to have nothing more deleted. `kept` says whether a deletion could
    be undone: what is not kept is not deleted (S12).
    """

    deleter: Deleter
    cache: ManifestCache
    concurrency: int
    clock: Clock
    stop: Stop
    progress: Progress
    tell: Callable[[Sequence[Outcome]], None]
    in_use: Callable[[], InUse] = nobody_watches
    kept: Callable[[Action], bool] = lambda _: True


@dataclass(frozen=True, slots=True)
class Swept:
    """What became of the plan, in its order, and what was noticed on the way."""

    outcomes: tuple[Outcome, ...]
    findings: tuple[Finding, ...]
    aftermaths: tuple[Aftermath, ...]


def sweep(plan: Plan, work: Sweeper) -> Swept:
    """Do the plan, as far as it is still true. Running it again goes on where it was interrupted: what is gone is gone.

    A failed action does not stop the others, but keeps all that it reaches. Raises DeleteDisabled or RegistryDenied
    when the
    registry refuses to delete at all, Cancelled and DeadlineExceeded between two actions.
    """
    work.progress.begin("sweep", len(plan.actions))
    outcomes: list[Outcome] = []
    findings: list[Finding] = []
    aftermaths: list[Aftermath] = []
    repositories = [(name, tuple(actions)) for name, actions in groupby(plan.actions, key=lambda a: a.repository)]
    pool = ThreadPoolExecutor(max_workers=work.concurrency, thread_name_prefix="sweep")
    try:
        for future in as_completed(
            [pool.submit(_sweep_repository, name, actions, work) for name, actions in repositories]
        ):
            swept = future.result()
            outcomes.extend(swept.outcomes)
            findings.extend(swept.findings)
            aftermaths.extend(swept.aftermaths)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
    place = {(action.repository, action.digest): number for number, action in enumerate(plan.actions)}
    outcomes.sort(key=lambda outcome: place[outcome.action.repository, outcome.action.digest])
    return Swept(
        tuple(outcomes),
        tuple(sorted(findings, key=lambda finding: finding.repository)),
        tuple(sorted(aftermaths, key=lambda aftermath: aftermath.repository)),
    )


def _sweep_repository(name: str, actions: tuple[Action, ...], work: Sweeper) -> Swept:
    living = Living(work.deleter, name, actions, work.cache, work.clock)
    outcomes, before = [], None
    for outcome in _delete_all(actions, living, work):
        before = before if before is not None else living.names()
        outcomes.append(outcome)
        work.tell((outcome,))
        work.progress.advance(1, name)
    try:
        return Swept(tuple(outcomes), (), (_aftermath(outcomes, living, before or frozenset()),))
    except RegistryError as error:
        unchecked = f"the tags could not be listed after the sweep: {error}"
        return Swept(tuple(outcomes), (Finding("sweep.unchecked", name, "", unchecked),), ())


def _delete_all(actions: tuple[Action, ...], living: Living, work: Sweeper) -> Iterator[Outcome]:
    guard = Guard(actions[0].repository, living, work.in_use)
    blind = ""
    for action in actions:
        work.stop.check()
        if blind:
            yield Outcome(action, Result.SKIPPED, blind)
            continue
        try:
            yield _delete(action, living, guard, work)
        except (DeleteDisabled, RegistryDenied):
            raise
        except InUseUnknown as error:
            blind = str(error)
            yield Outcome(action, Result.SKIPPED, blind)
        except RegistryError as error:
            yield Outcome(action, Result.FAILED, str(error))
            blind = _spare(living, action.digest, "a deletion that failed")


def _delete(action: Action, living: Living, guard: Guard, work: Sweeper) -> Outcome:
    living.look(action.tags)
    if user := guard.user(action):
        living.spare(action.digest, holding(user))
        return Outcome(action, Result.SKIPPED, f"in use: {user}")
    reason = _why_not(action, living)
    if not reason and not work.kept(action):
        if work.deleter.head(action.repository, action.digest) is None:
            return Outcome(action, Result.GONE)
        reason = "it is not kept for an undo"
    if reason:
        living.spare(action.digest, reason)
        return Outcome(action, Result.SKIPPED, reason)
    deleted = work.deleter.delete_manifest(action.repository, action.digest)
    if deleted:
        living.deleted(action.digest)
    return Outcome(action, Result.DELETED if deleted else Result.GONE)


def _why_not(action: Action, living: Living) -> str:
    """What has changed since the plan was made, so that the manifest must stay; empty where it may go."""
    if strangers := sorted(living.tags_on(action.digest) - set(action.tags)):
        return f"tag {strangers[0]} points at it now"
    if moved := [tag for tag in action.tags if living.target(tag) not in (None, action.digest)]:
        return f"tag {moved[0]} moved"
    if holder := living.holder(action.digest):
        return f"needed by {holder}"
    for before in action.after:
        if holder := living.holder(before):
            return f"{before} stays, and needs it: {holder}"
    if subject := living.subject(action.digest, action.tags):
        return f"its subject {subject} is there now"
    return ""


def _spare(living: Living, digest: Digest, holder: str) -> str:
    """Keep what `digest` reaches. Where even that cannot be read, the words that skip the rest of the repository
    (S5).
    """
    try:
        living.spare(digest, holder)
    except RegistryError as error:
        return f"what {digest} reaches could not be read: {error}"
    return ""


def _aftermath(outcomes: Sequence[Outcome], living: Living, before: frozenset[str]) -> Aftermath:
    now = living.look_last()
    planned = {tag for outcome in outcomes for tag in outcome.action.tags}
    tried = (outcome for outcome in outcomes if outcome.result in {Result.DELETED, Result.FAILED})
    return Aftermath(
        repository=outcomes[0].action.repository,
        deleted=frozenset(outcome.action.digest for outcome in tried),
        left=dict(living.left),
        vanished=before - planned - now,
        doubtful=now & planned | now - before,
    )
