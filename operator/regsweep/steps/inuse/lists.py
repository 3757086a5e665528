"""Images that no API knows of: lists that something else keeps up to date."""

from __future__ import annotations

from collections.abc import Iterator

from regsweep.api.policy import ImageList
from regsweep.clients.kinds import CONFIG_MAP
from regsweep.core.inuse import Use, User
from regsweep.errors import ClusterDenied, ClusterNotFound, InUseUnknown
from regsweep.steps.inuse.places import Place
from regsweep.steps.inuse.rights import CONSEQUENCE, Right, denied


def listed_uses(lists: tuple[ImageList, ...], home: Place, namespace: str) -> Iterator[Use]:
    """What the ConfigMaps hold. Raises InUseUnknown for one that is not there, and ClusterError."""
    for number, each in enumerate(lists):
        where = f"ConfigMap {namespace}/{each.name} (spec.protect.inUse.imageLists[{number}])"
        try:
            found = home.cluster.get(CONFIG_MAP, namespace, each.name)
        except ClusterNotFound:
            raise InUseUnknown(f"{where} does not exist. {CONSEQUENCE} Create it, or correct the name.") from None
        except ClusterDenied as error:
            right = Right("", "configmaps", "get", f"registryNamespaces with {namespace}")
            raise denied(Place(home.cluster, home.name, namespace), [right], error) from error
        data = found.get("data")
        content = data.get(each.key) if isinstance(data, dict) else None
        if not isinstance(content, str):
            raise InUseUnknown(f"{where} has no key {each.key}. {CONSEQUENCE} Correct the key.")
        user = User("ConfigMap", namespace, each.name, "", home.name)
        yield from (Use(text, user) for text in images_in(content))


def images_in(text: str) -> Iterator[str]:
    """The images of a list: whatever stands between spaces and line ends; from a # on, the line is a comment."""
    for line in text.splitlines():
        yield from line.partition("#")[0].split()
