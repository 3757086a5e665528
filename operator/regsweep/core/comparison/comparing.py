"""Takes one repository at a time, and remembers of it what changes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from regsweep.api.load import policy_digest
from regsweep.api.policy import CollectMode, PolicySpec
from regsweep.core.comparison.document import ChangedTagPart, ChangesPart, Comparison, HintPart, SidePart
from regsweep.core.hints import HintFinder
from regsweep.core.inventory import Repository
from regsweep.core.inventory_document import time_text
from regsweep.core.inventory_file import Taking
from regsweep.core.plan import Counts
from regsweep.core.planning import PlanBuilder, over_limit
from regsweep.core.retention import judge
from regsweep.core.saved_use import in_use_under
from regsweep.core.selection import selects_repository
from regsweep.core.verdict import EXPIRED_UNTAGGED, Judgement, Verdict

IN_USE_UNKNOWN = "The inventory does not say what is in use: of protect.inUse only the listed images count here."
ONLY_SELECTED = "Not the whole registry is in the inventory: what else the policy selects is not known."
NEW_POLICY = "There was no such policy before: all that it lets go is new."


@dataclass(frozen=True, slots=True)
class Sides:
    """The two policies. `before` is None for a policy that is new."""

    file: str
    name: str
    after: PolicySpec
    compared_with: str
    before: PolicySpec | None


class _Side:
    """One policy at work. Bytes are counted over all that the inventory holds; limits over what a run would read."""

    def __init__(self, spec: PolicySpec, taking: Taking) -> None:
        self.spec = spec
        self._taking = taking
        self._in_use = in_use_under(spec, taking)
        self._builder = PlanBuilder()
        self._read = Counts(0, 0, 0, 0, 0)

    def judge(self, repository: Repository) -> Judgement:
        judgement = judge(repository, self.spec, self._in_use, self._taking.taken_at)
        self._builder.add(repository, judgement)
        if self.spec.garbage_collection.mode is not CollectMode.DISABLED or selects_repository(
            self.spec, repository.name
        ):
            self._count(judgement)
        return judgement

    def unread(self, name: str) -> None:
        self._builder.unread(name)

    def part(self) -> SidePart:
        plan = self._builder.build(
            registry=self.spec.registry.url,
            policy="",
            spec=self.spec,
            policy_digest=policy_digest(self.spec),
            inventory=self._taking.inventory,
            now=self._taking.taken_at,
            whole_registry=self._taking.whole,
        )
        return SidePart(
            deleted_tags=plan.counts.deleted_tags,
            deleted_manifests=plan.counts.deleted_manifests,
            bytes=plan.bytes,
            bytes_are_upper_bound=plan.bytes_are_upper_bound,
            over_limit=over_limit(self._read, self.spec),
        )

    def _count(self, judgement: Judgement) -> None:
        read, tags, manifests = self._read, judgement.tags.values(), judgement.manifests.values()
        self._read = Counts(
            read.repositories + 1,
            read.tags + len(tags),
            read.manifests + len(manifests),
            read.deleted_tags + sum(verdict.expired for verdict in tags),
            read.deleted_manifests + sum(verdict.expired for verdict in manifests),
        )


class Comparing:
    """Shown all of an inventory, then asked once for the comparison."""

    def __init__(self, sides: Sides, taking: Taking) -> None:
        nothing = sides.after.model_copy(update={"rules": (), "untagged": None})
        self._sides, self._taking = sides, taking
        self._before, self._after = _Side(sides.before or nothing, taking), _Side(sides.after, taking)
        self._hints = HintFinder(sides.after)
        self._gone: list[ChangedTagPart] = []
        self._kept: list[ChangedTagPart] = []
        self._untagged: Counter[str] = Counter()
        self._unread: list[str] = []
        self._repositories = self._tags = 0

    def add(self, repository: Repository) -> None:
        """Judge one repository under both policies."""
        before, after = self._before.judge(repository), self._after.judge(repository)
        self._hints.add(repository.name, (tag.name for tag in repository.tags))
        self._repositories += 1
        self._tags += len(repository.tags)
        for name in sorted(before.tags):
            old, new = before.tags[name], after.tags[name]
            if old.expired is not new.expired:
                changed = self._gone if new.expired else self._kept
                changed.append(_changed(repository.name, name, old, new))
        for digest, verdict in after.manifests.items():
            self._untagged["gone"] += _alone(verdict) and not before.manifests[digest].expired
            self._untagged["kept"] += _alone(before.manifests[digest]) and not verdict.expired

    def unread(self, name: str) -> None:
        """A repository that could not be read."""
        self._unread.append(name)
        self._hints.add_name(name)
        self._before.unread(name)
        self._after.unread(name)

    def comparison(self, inventory: str, registry: str) -> Comparison:
        whole = self._taking.whole and not self._unread
        hints = self._hints.findings(whole=whole)
        return Comparison(
            file=self._sides.file,
            policy=self._sides.name,
            compared_with=self._sides.compared_with,
            inventory=inventory,
            registry=registry,
            taken_at=time_text(self._taking.taken_at),
            whole=self._taking.whole,
            repositories=self._repositories,
            tags=self._tags,
            unread=tuple(sorted(self._unread)),
            before=self._before.part(),
            after=self._after.part(),
            newly_gone=_sorted(self._gone),
            newly_kept=_sorted(self._kept),
            untagged_newly_gone=self._untagged["gone"],
            untagged_newly_kept=self._untagged["kept"],
            by_repository=_counted(
                Counter(part.repository for part in self._gone), Counter(part.repository for part in self._kept)
            ),
            by_rule=_counted(
                Counter(part.after_rule or part.after for part in self._gone),
                Counter(part.before_rule or part.before for part in self._kept),
            ),
            hints=tuple(HintPart(code=it.code, reference=it.reference, message=it.message) for it in hints),
            notes=tuple(self._notes()),
        )

    def _notes(self) -> Iterable[str]:
        if self._sides.before is None:
            yield NEW_POLICY
        asked = self._sides.after.protect.in_use is not None
        if asked and self._taking.in_use is None:
            yield IN_USE_UNKNOWN
        if not self._taking.whole:
            yield ONLY_SELECTED


def _changed(repository: str, tag: str, old: Verdict, new: Verdict) -> ChangedTagPart:
    return ChangedTagPart(
        repository=repository,
        tag=tag,
        before=old.reason,
        before_rule=old.rule,
        after=new.reason,
        after_rule=new.rule,
    )


def _alone(verdict: Verdict) -> bool:
    return verdict.reason == EXPIRED_UNTAGGED


def _sorted(parts: list[ChangedTagPart]) -> tuple[ChangedTagPart, ...]:
    return tuple(sorted(parts, key=lambda part: (part.repository, part.tag)))


def _counted(gone: Mapping[str, int], kept: Mapping[str, int]) -> tuple[ChangesPart, ...]:
    names = sorted({*gone, *kept})
    return tuple(ChangesPart(name=name, newly_gone=gone.get(name, 0), newly_kept=kept.get(name, 0)) for name in names)
