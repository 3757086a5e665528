"""The switch and the marker of a maintenance window, as they stand on the registry's workload.

They travel together in one server-side apply of our field manager, so that whoever finds the one finds the
other, and are taken off together by an apply that asks for nothing. No saved copy of the workload is needed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from regsweep.api.meta import FIELD_MANAGER, GROUP
from regsweep.core.workload import CACHE_SWITCH, RESTARTED_FOR, SWITCH, container, plain_env, template

RUN = f"{GROUP}/maintenance-run"
POLICY_UID = f"{GROUP}/maintenance-policy-uid"
DEADLINE = f"{GROUP}/maintenance-deadline"
CONTAINER = f"{GROUP}/maintenance-container"
ENDPOINT = f"{GROUP}/maintenance-endpoint"
ANNOTATIONS = (RUN, POLICY_UID, DEADLINE, CONTAINER, ENDPOINT)
LABEL = f"{GROUP}/maintenance"
SELECTOR = f"{LABEL}=active"
"""Finds every workload that is in maintenance."""
USUAL_CONTAINER = "registry"
UNKNOWN_RUN = "?"
"""Of a switch whose marker somebody took away. No object has this name."""
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
READ_ONLY = '{"enabled":true}'
RESTART_MANAGER = f"{FIELD_MANAGER}-restart"
"""Owns the restart's annotation, so that the apply that ends the next window does not roll out once more."""


@dataclass(frozen=True, slots=True)
class Target:
    """Which object, and which of its containers. `uid` makes sure that an apply never creates or touches
    another one."""

    namespace: str
    name: str
    uid: str
    container: str

    def body(self, annotations: Mapping[str, str], labels: Mapping[str, str]) -> dict[str, Any]:
        meta: dict[str, Any] = {"namespace": self.namespace, "name": self.name, "uid": self.uid}
        meta |= {"annotations": dict(annotations)} if annotations else {}
        meta |= {"labels": dict(labels)} if labels else {}
        return {"metadata": meta}


@dataclass(frozen=True, slots=True)
class Marker:
    """Whose window it is, when it is overdue, and all that it takes to end it: the registry's container, and where each
    pod's registry answers (a URL with `{}` for its address). `read_only` False: mode Unprotected, marker without
    switch."""

    run: str
    policy_uid: str
    deadline: datetime
    read_only: bool = True
    container: str = USUAL_CONTAINER
    endpoint: str = ""
    without_redis: bool = False
    """The window also takes the registry's blob cache out of Redis."""

    @property
    def env(self) -> dict[str, str]:
        """The variables of the window."""
        return switches(self.read_only, self.without_redis)

    def annotations(self) -> dict[str, str]:
        values = (self.run, self.policy_uid, self.deadline.isoformat(), self.container, self.endpoint)
        return dict(zip(ANNOTATIONS, values, strict=True))


def enter_body(target: Target, marker: Marker) -> dict[str, Any]:
    """The apply that begins a window."""
    body = target.body(marker.annotations(), {LABEL: "active"})
    if marker.env:
        body["spec"] = _template(target.container, marker.env)
    return body


def switches(read_only: bool, without_redis: bool) -> dict[str, str]:
    """The variables of a window on the registry's container."""
    wanted = {SWITCH: READ_ONLY} if read_only else {}
    return wanted | ({CACHE_SWITCH: "inmemory"} if without_redis else {})


def lift_body(target: Target) -> dict[str, Any]:
    """The apply that ends a window: our manager wants nothing, so the API server takes off all that it alone
    owns."""
    return target.body({}, {})


def restart_body(target: Target, reason: str) -> dict[str, Any]:
    """The apply that restarts every replica by its template, as `kubectl rollout restart` does; once for a reason."""
    body = target.body({}, {})
    body["spec"] = {"template": {"metadata": {"annotations": {RESTARTED_FOR: reason}}}}
    return body


def env_body(target: Target, name: str, value: str) -> dict[str, Any]:
    """One environment variable of the container, and nothing else."""
    return target.body({}, {}) | {"spec": _template(target.container, {name: value})}


def _template(name: str, env: Mapping[str, str]) -> dict[str, Any]:
    variables = [{"name": key, "value": value} for key, value in env.items()]
    return {"template": {"spec": {"containers": [{"name": name, "env": variables}]}}}


def marked_run(workload: Mapping[str, Any]) -> str:
    """The run whose window is on this workload; "" where there is none."""
    return str((workload["metadata"].get("annotations") or {}).get(RUN) or "")


def marker_of(workload: Mapping[str, Any]) -> Marker | None:
    """The marker on this workload, or what is left of one; None where nothing of a window is there. A marker without a
    date that can be read is overdue."""
    written = workload["metadata"].get("annotations") or {}
    read_only = SWITCH in _owned(workload)
    if not written.get(RUN) and not read_only:
        return None
    try:
        deadline = datetime.fromisoformat(str(written.get(DEADLINE)))
    except ValueError:
        deadline = _LONG_AGO
    return Marker(
        run=str(written.get(RUN) or UNKNOWN_RUN),
        policy_uid=str(written.get(POLICY_UID) or ""),
        deadline=deadline if deadline.tzinfo else deadline.replace(tzinfo=UTC),
        read_only=read_only,
        container=str(written.get(CONTAINER) or USUAL_CONTAINER),
        endpoint=str(written.get(ENDPOINT) or ""),
    )


def is_on(workload: Mapping[str, Any], target: Target, run: str, env: Mapping[str, str]) -> bool:
    """This run's window is on, whole: the marker, and its variables, as `switches` says them."""
    found = plain_env(container(template(workload), target.container))
    return marked_run(workload) == run and all(found.get(name) == value for name, value in env.items())


def is_off(workload: Mapping[str, Any], run: str) -> bool:
    """Nothing of a window is left: no marker of this run, and no switch that our manager owns.

    A switch that somebody else owns as well stays: it is theirs.
    """
    ours = _owned(workload)
    return marked_run(workload) != run and not any(name in ours for name in (SWITCH, CACHE_SWITCH, RUN))


def _owned(workload: Mapping[str, Any]) -> str:
    """What our field manager owns, as text: enough to look for a field's name in it."""
    entries = workload["metadata"].get("managedFields") or ()
    return "".join(str(entry.get("fieldsV1")) for entry in entries if entry.get("manager") == FIELD_MANAGER)
