"""One repository under one policy, judged, with what explaining needs beside it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime

from regsweep.api.policy import PolicySpec, Rule
from regsweep.core.ages import Ages
from regsweep.core.explain.document import Decision
from regsweep.core.graph import Graph, graph_of
from regsweep.core.inventory import InUse, Repository, Tag
from regsweep.core.oci import Digest
from regsweep.core.ranking import Ranking
from regsweep.core.retention import judge
from regsweep.core.selection import Selection, selection
from regsweep.core.tagging import ranking_of
from regsweep.core.verdict import Judgement, Verdict


@dataclass(frozen=True, slots=True)
class Case:
    """What is judged, and the judgement. Made by `Case.of`; `under` gives the same repository another policy."""

    repository: Repository
    spec: PolicySpec
    in_use: InUse
    now: datetime
    judgement: Judgement
    graph: Graph
    ages: Ages
    selection: Selection
    tags: dict[str, Tag] = field(repr=False)

    @classmethod
    def of(cls, repository: Repository, spec: PolicySpec, in_use: InUse, now: datetime) -> Case:
        return cls(
            repository, spec, in_use, now,
            judge(repository, spec, in_use, now),
            graph_of(repository),
            Ages(repository, now),
            selection(spec, repository.name),
            {tag.name: tag for tag in repository.tags},
        )  # fmt: skip

    def under(self, spec: PolicySpec) -> Case:
        judgement = judge(self.repository, spec, self.in_use, self.now)
        return replace(self, spec=spec, judgement=judgement, selection=selection(spec, self.repository.name))

    def verdict(self, tag: str | None, digest: Digest | None) -> Verdict:
        """Of a tag, else of a manifest."""
        if tag is not None:
            return self.judgement.tags[tag]
        return self.judgement.manifests[Digest(digest or "")]

    def rule(self, name: str | None) -> Rule | None:
        return next((rule for rule in self.spec.rules if rule.name == name), None)

    def ranking(self, rule: Rule) -> Ranking:
        """The places of all tags that the rule decides about."""
        tags = [tag for tag in self.repository.tags if self.judgement.tags[tag.name].rule == rule.name]
        return ranking_of(rule, tags, self.repository, self.ages)


def decision(verdict: Verdict) -> Decision:
    return "goes" if verdict.expired else "stays"
