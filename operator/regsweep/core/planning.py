"""Verdicts become a plan. Takes one repository at a time, in any order; remembers of each what the plan needs."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from operator import attrgetter

from regsweep.api.policy import PolicySpec
from regsweep.core.graph import Graph, graph_of
from regsweep.core.inventory import Finding, Repository
from regsweep.core.ledger import Ledger
from regsweep.core.oci import Digest, Manifest
from regsweep.core.outcome import Kept
from regsweep.core.plan import Action, Counts, Plan
from regsweep.core.plan_file import digest_of_plan
from regsweep.core.train import in_order
from regsweep.core.verdict import Judgement, is_expired

PLAN_LIFETIME = timedelta(hours=24)
"""A plan older than this is applied no more: the registry has moved on, and ages with it."""

MOST_BYTES = 2**53
"""Sizes are what descriptors state, and nobody checks them: beyond this a number is a lie, and JSON cannot hold it."""


_AT_ONCE = 10_000
"""Manifests that are accounted for together: in a huge repository, too, what is noted meanwhile stays small."""


@dataclass(slots=True)
class _Totals:
    repositories: int = 0
    tags: int = 0
    manifests: int = 0
    deleted_tags: int = 0
    deleted_manifests: int = 0


class PlanBuilder:
    """Collects judgements, and makes one plan of them. What was added in which order makes no difference."""

    def __init__(self) -> None:
        self._actions: dict[str, tuple[Action, ...]] = {}
        self._by_repository: dict[str, tuple[int, int]] = {}
        self._by_reason: Counter[str] = Counter()
        self._findings: list[Finding] = []
        self._unread: set[str] = set()
        self._totals = _Totals()
        self._ledger = Ledger()
        self._sizes: dict[int, int] = {}
        self._opaque = False

    def add(self, repository: Repository, judgement: Judgement) -> None:
        """Take in one repository and what was decided about it. Who keeps no judgement gives its room to the plan.

        Raises ValueError for a repository that came before.
        """
        if repository.name in self._by_repository:
            raise ValueError(f"{repository.name} was added twice")
        condemned = {digest: verdict.reason for digest, verdict in judgement.manifests.items() if verdict.expired}
        self._count(repository, judgement, len(condemned))
        self._findings.extend(judgement.findings)
        self._findings.extend(repository.findings)
        graph = judgement.graph or graph_of(repository)
        del judgement  # that of a huge repository is huge, and what comes now can have its room
        self._actions[repository.name] = tuple(self._planned(repository.name, condemned, graph))
        del graph
        manifests = iter(repository.manifests.values())
        while some := tuple(islice(manifests, _AT_ONCE)):
            self._account(some, repository, condemned.keys())

    def unread(self, name: str) -> None:
        """A repository that could not be read whole: it is left alone (S5)."""
        self._unread.add(name)

    def freed(self) -> Iterator[Digest]:
        """The digests whose bytes the plan promises, each once: whoever can measure them tells `build`."""
        return self._ledger.freed_digests()

    def build(  # noqa: PLR0913 - the facts that a plan states beside its actions
        self,
        *,
        registry: str,
        policy: str,
        spec: PolicySpec,
        policy_digest: str,
        inventory: str,
        now: datetime,
        whole_registry: bool,
        inventory_reason: str = "",
        measured: int | None = None,
    ) -> Plan:
        """The plan of all that was added. `whole_registry`: every repository of the registry was added or is unread.

        `inventory_reason` says why the registry was read that way. `measured` are the bytes on disk of all that `freed`
        named; without it, what descriptors state counts.
        """
        counts = Counts(**dataclasses.asdict(self._totals))
        plan = Plan(
            registry=registry,
            policy=policy,
            policy_digest=policy_digest,
            inventory=inventory,
            inventory_reason=inventory_reason,
            created_at=now,
            expires_at=now + PLAN_LIFETIME,
            actions=tuple(action for name in sorted(self._actions) for action in self._actions[name]),
            counts=counts,
            bytes=min(self._ledger.freed() if measured is None else measured, MOST_BYTES),
            bytes_are_upper_bound=not whole_registry or bool(self._unread) or self._opaque,
            expected_marks=self._ledger.marks(),
            unread=tuple(sorted(self._unread)),
            over_limit=over_limit(counts, spec),
        )
        return dataclasses.replace(plan, digest=digest_of_plan(plan))

    def kept(self) -> Kept:
        """Why tags stay, in numbers, over all that was added."""
        return Kept(dict(sorted(self._by_reason.items())), dict(sorted(self._by_repository.items())))

    def findings(self) -> tuple[Finding, ...]:
        """Everything that an admin should know, by repository."""
        return tuple(sorted(self._findings, key=lambda it: (it.repository, it.code, it.reference, it.message)))

    def _count(self, repository: Repository, judgement: Judgement, condemned: int) -> None:
        reasons = Counter(map(attrgetter("reason"), judgement.tags.values()))
        kept = Counter({reason: number for reason, number in reasons.items() if not is_expired(reason)})
        self._by_reason.update(kept)
        self._by_repository[repository.name] = (kept.total(), len(judgement.tags) - kept.total())
        self._totals.repositories += 1
        self._totals.tags += len(judgement.tags)
        self._totals.manifests += len(judgement.manifests)
        self._totals.deleted_tags += len(judgement.tags) - kept.total()
        self._totals.deleted_manifests += condemned

    def _planned(self, name: str, condemned: Mapping[Digest, str], graph: Graph) -> Iterator[Action]:
        """What is condemned, each for its reason. Manifests come in few sizes: each is one number, however often."""
        for digest, root, after in in_order(condemned.keys(), graph):
            manifest = graph.manifests[digest]
            yield Action(
                repository=name,
                digest=digest,
                media_type=manifest.media_type,
                reason=condemned[digest],
                tags=graph.tags.get(digest, ()),
                root=root,
                size=self._sizes.setdefault(manifest.size, manifest.size),
                after=after,
            )

    def _account(self, manifests: Iterable[Manifest], repository: Repository, condemned: AbstractSet[Digest]) -> None:
        """Manifests of one repository share most of their blobs: what several of them name is written down once."""
        kept: set[Digest] = set()
        held: set[Digest] = set()
        freed: dict[Digest, int] = {}
        for manifest in manifests:
            if manifest.digest in condemned:
                freed[manifest.digest] = manifest.size
                for blob in manifest.blobs:
                    if not blob.is_foreign and blob.size >= freed.get(blob.digest, 0):
                        freed[blob.digest] = blob.size
                continue
            kept.add(manifest.digest)
            if manifest.is_opaque:  # who knows what else it reaches
                self._opaque = True
                held.update([blob.digest for blob in manifest.blobs])
            else:
                kept.update([blob.digest for blob in manifest.blobs])
            held.update([child.digest for child in manifest.children if child.digest not in repository.manifests])
        self._ledger.keep(kept)
        self._ledger.hold(held)
        self._ledger.condemn(freed)


def over_limit(counts: Counts, spec: PolicySpec) -> tuple[str, ...]:
    """One sentence for each limit that the numbers are over. A limit is the most that is allowed."""
    limits = spec.limits
    numbers = (
        ("manifests", counts.deleted_manifests, counts.manifests),
        ("tags", counts.deleted_tags, counts.tags),
    )
    sentences = [
        f"{gone} {what} would be deleted; limits.maxDeletions allows {limits.max_deletions}"
        for what, gone, _ in numbers
        if gone > limits.max_deletions
    ]
    sentences += [
        f"{gone} of {total} {what} ({gone * 100 / total:.1f} %) would be deleted; "
        f"limits.maxDeletionPercent allows {limits.max_deletion_percent} %"
        for what, gone, total in numbers
        if gone * 100 > limits.max_deletion_percent * total
    ]
    return tuple(sentences)
