"""What is said where a right is missing: which, whose, and the rule that grants it, ready to be pasted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from regsweep.clients.kinds import Kind
from regsweep.errors import ClusterDenied, InUseUnknown
from regsweep.steps.inuse.places import Place

CONSEQUENCE = "Nothing is deleted as long as that is not known."
_WHO = re.compile(r'User "([^"]{1,300})"')
_ACCOUNT = re.compile(r"system:serviceaccount:([^:]+):([^:]+)")


@dataclass(frozen=True, slots=True, order=True)
class Right:
    """A verb on a resource of an API group; the core group is empty. `value` is what grants it in the chart,
    for a {scope}."""

    group: str
    resource: str
    verb: str = "list"
    value: str = ""

    def __str__(self) -> str:
        return f"{self.verb} {self.resource}" + (f".{self.group}" if self.group else "")


def to_list(kind: Kind, value: str = "") -> Right:
    group, slash, _ = kind.api_version.partition("/")
    return Right(group if slash else "", kind.plural, "list", value)


def denied(place: Place, missing: Iterable[Right], error: ClusterDenied) -> InUseUnknown:
    """For the rights that are missing; `error` is what the API server said of the first of them."""
    rights = sorted(set(missing))
    found = _WHO.search(str(error))
    if found is None:  # 401: it is no matter of rights
        return InUseUnknown(
            f"what {place} uses cannot be known: its API does not accept the login ({error}). {CONSEQUENCE} "
            "Renew the token or certificate."
        )
    where = "all namespaces" if any(_needs_cluster(right) for right in rights) else place.where
    return InUseUnknown(
        f"what {place} uses cannot be known: {_account(found[1])} may not "
        f"{', '.join(map(str, rights))} in {where}. {CONSEQUENCE} "
        f"{_how(place, rights)}\n{rules(rights)}"
    )


def undiscovered(place: Place, error: ClusterDenied) -> InUseUnknown:
    """Where a cluster does not even say what it serves: by default everybody with a login may ask that."""
    found = _WHO.search(str(error))
    who = _account(found[1]) if found else "the login"
    return InUseUnknown(
        f"what {place} uses cannot be known: {who} may not ask which kinds there are ({error}). {CONSEQUENCE} "
        "Grant it by the ClusterRole system:discovery, which has this rule:\n"
        '- nonResourceURLs: ["/api", "/api/*", "/apis", "/apis/*"]\n  verbs: [get]'
    )


def rules(rights: Iterable[Right]) -> str:
    """As they stand in a Role, one for each API group and verb."""
    grouped: dict[tuple[str, str], list[str]] = {}
    for right in sorted(set(rights)):
        grouped.setdefault((right.group, right.verb), []).append(right.resource)
    return "\n".join(
        f'- apiGroups: ["{group}"]\n  resources: [{", ".join(resources)}]\n  verbs: [{verb}]'
        for (group, verb), resources in grouped.items()
    )


def _how(place: Place, rights: list[Right]) -> str:
    whole = place.namespace is None or any(_needs_cluster(right) for right in rights)
    role = "a ClusterRole, by a ClusterRoleBinding" if whole else f"a Role in {place.where}, by a RoleBinding there"
    scope = "Cluster" if whole else "Namespace"
    values = sorted({right.value.format(scope=scope) for right in rights if right.value})
    chart = f" (values of the chart: {'; '.join(values)})" if values and not place.name else ""
    return f"Grant it by {role}{chart}:"


def _needs_cluster(right: Right) -> bool:
    return right.resource == "nodes" and not right.group


def _account(user: str) -> str:
    found = _ACCOUNT.fullmatch(user)
    return f"ServiceAccount {found[1]}/{found[2]}" if found else f"user {user}"
