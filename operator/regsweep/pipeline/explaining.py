"""Why an image stays or goes, asked of the registry itself: one repository is read and judged. Changes nothing."""

from __future__ import annotations

import dataclasses

from regsweep.core.explain import Case, Explanation, Image, explain, find
from regsweep.core.explain.explanation import About
from regsweep.core.explain.image import unknown_repository
from regsweep.core.inventory import Repository, Unread
from regsweep.core.oci import Digest, parse_digest, parse_manifest
from regsweep.errors import PartialInventory, RegistryDenied, RegistryMisbehaved, StorageUnavailable
from regsweep.pipeline.ports import Ports, Request
from regsweep.pipeline.reading import Source, choose, instead
from regsweep.pipeline.usage import read_users


def explain_live(request: Request, image: Image, ports: Ports) -> Explanation:
    """Read the image's repository and explain it.

    Raises InvalidInput, with what is near, for an image that is not there; PartialInventory where the repository cannot
    be read; what `make_plan` raises.
    """
    spec = request.policy.spec
    users = read_users(request, ports)
    in_use = users.in_use()
    ports.reader.ping()
    try:
        read = _read(choose(spec, ports, in_use), image)
    except StorageUnavailable as error:
        read = _read(instead(error, spec, ports, in_use), image)
    repository = _with(image, read, ports)
    case = Case.of(repository, spec, in_use, ports.clock())
    tag, digest = find(image, repository)
    return explain(case, tag, digest, About(spec.registry.url, request.policy_name, "registry", users=users))


def _read(source: Source, image: Image) -> Repository:
    """All tags are dated: what a change of the policy would do may hang on the age of any."""
    (found,) = source.read((image.repository,), all_dated=True)
    if isinstance(found, Unread):
        raise PartialInventory(
            f"{found.name} could not be read, and a run leaves it alone while that is so: {found.reason}"
        )
    if not found.tags and image.repository not in (names := _catalog(source)):
        raise unknown_repository(image, names)
    return found


def _catalog(source: Source) -> frozenset[str]:
    try:
        return frozenset(source.catalog())
    except RegistryDenied:  # these credentials may read a repository and not the list
        return frozenset()


def _with(image: Image, repository: Repository, ports: Ports) -> Repository:
    """The repository with the manifest that is asked for, where no tag reaches it: over the API none is listed."""
    digest = image.digest
    if digest is None or len(digest) != len("sha256:") + 64 or digest in repository.manifests:
        return repository
    fetched = ports.reader.manifest(repository.name, parse_digest(digest))
    if fetched is None:
        return repository
    try:
        manifest = parse_manifest(fetched.body, fetched.media_type)
    except ValueError as error:
        raise RegistryMisbehaved(f"{repository.name}@{digest}: the manifest {error}") from None
    return dataclasses.replace(repository, manifests={**repository.manifests, Digest(digest): manifest})
