"""One cluster, list by list: nothing is kept but who uses which reference. Half a reading is none: it raises."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from sys import intern

from regsweep.clients.kube import Object
from regsweep.core.inuse import Use, User
from regsweep.core.ports import Stop
from regsweep.errors import ClusterDenied, ClusterError, ClusterUnreachable, InUseUnknown
from regsweep.steps.inuse.places import Place
from regsweep.steps.inuse.rights import CONSEQUENCE, Right, denied, to_list
from regsweep.steps.inuse.shapes import Strange
from regsweep.steps.inuse.sources import Source

TRIES = 3
"""Of a list whose API server does not answer for a moment."""
MAXIMUM_OBJECTS = 5_000_000
"""In one list; another cluster's API server is not ours, and could go on for ever."""
_PAUSE = 2.0


def read_place(place: Place, sources: Sequence[Source], stop: Stop) -> Iterator[Use]:
    """Everything that the lists name. Raises InUseUnknown, and ClusterUnreachable where the cluster at hand is away."""
    for number, source in enumerate(sources):
        try:
            yield from _read(place, source, stop)
        except ClusterDenied as error:
            missing = [to_list(source.kind, source.value), *_also_missing(place, sources[number + 1 :])]
            raise denied(place, missing, error) from error
        except ClusterUnreachable as error:
            raise away(place, error) from error
        except ClusterError as error:
            raise InUseUnknown(
                f"what {place} uses cannot be known: {source.kind.plural} cannot be read to their end: {error}. "
                f"{CONSEQUENCE}"
            ) from error


def away(place: Place, error: ClusterUnreachable) -> InUseUnknown | ClusterUnreachable:
    """Another cluster that is away leaves its images unknown; without the one at hand, the run has to go on later."""
    if not place.name:
        return error
    return InUseUnknown(f"what {place} uses cannot be known: {error}. {CONSEQUENCE} Bring it back, or remove it.")


def _read(place: Place, source: Source, stop: Stop) -> Iterator[Use]:
    for tries in range(1, TRIES + 1):
        try:
            yield from _read_once(place, source, stop)
        except ClusterUnreachable:
            if tries == TRIES:
                raise
            stop.wait(_PAUSE * tries)
        else:
            return


def _read_once(place: Place, source: Source, stop: Stop) -> Iterator[Use]:
    count, seen = 0, _Seen()
    pages = place.cluster.pages(source.kind, place.namespace, fields=source.selector, limit=source.page)
    while (page := next(pages, None)) is not None:
        count += len(page)
        if count > MAXIMUM_OBJECTS:
            raise InUseUnknown(f"{place} lists more than {MAXIMUM_OBJECTS} {source.kind.plural}. {CONSEQUENCE}")
        yield from _uses_of_all(place, source, page, seen, stop)
        del page  # before the next one comes: a page is far larger than all that is kept of it


def _uses_of_all(place: Place, source: Source, page: Sequence[Object], seen: _Seen, stop: Stop) -> Iterator[Use]:
    for found in page:
        stop.check()
        yield from _uses(place, source, found, seen)


class _Seen:
    """What pods of one owner name is said once, of the first of them: a thousand replicas are no thousand users."""

    def __init__(self) -> None:
        self._said: set[tuple[str, str, str]] = set()

    def already(self, owner: str, container: str, text: str) -> bool:
        key = (owner, container, text)
        if key in self._said:
            return True
        self._said.add(key)
        return False


def _uses(place: Place, source: Source, found: Object, seen: _Seen) -> Iterator[Use]:
    meta = found["metadata"]
    namespace, name = intern(str(meta.get("namespace") or "")), str(meta["name"])
    owner = _owner(found)
    users: dict[str, User] = {}
    said: set[tuple[str, str]] = set()
    try:
        for container, text in source.images(found):
            if not text or (container, text) in said:
                continue
            said.add((container, text))
            if owner and seen.already(owner, intern(container), intern(text)):
                continue
            if container not in users:
                users[container] = User(source.kind.name, namespace, name, intern(container), place.name)
            yield Use(intern(text), users[container])
    except Strange as error:
        whose = User(source.kind.name, namespace, name)
        raise InUseUnknown(
            f"what {place} uses cannot be known: {whose}: {error} (spec.{source.field}). {CONSEQUENCE}"
        ) from error


def _owner(found: Object) -> str:
    """The uid of the controller that made a pod; empty for what is read for its own sake."""
    references = found["metadata"].get("ownerReferences")
    for reference in references if isinstance(references, list) else ():
        if isinstance(reference, dict) and reference.get("controller") is True:
            return intern(str(reference.get("uid") or ""))
    return ""


def _also_missing(place: Place, sources: Sequence[Source]) -> Iterator[Right]:
    """All that is missing is said at once: one object of each list is enough to know."""
    for source in sources:
        try:
            next(iter(place.cluster.pages(source.kind, place.namespace, fields=source.selector, limit=1)), None)
        except ClusterDenied:
            yield to_list(source.kind, source.value)
        except ClusterError:
            return
