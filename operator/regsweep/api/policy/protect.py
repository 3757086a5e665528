"""What a policy keeps whatever its rules say."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from regsweep.api.meta import Model
from regsweep.api.names import ImagePath, ResourceKind, ResourceVersion
from regsweep.api.scalars import Duration, OptionalPatterns


class CustomResource(Model):
    """Where objects of another kind name images."""

    api_version: ResourceVersion
    """As its manifests say, such as argoproj.io/v1alpha1."""
    kind: ResourceKind
    """As its manifests say, such as Rollout."""
    path: ImagePath
    """A JSONPath of RFC 9535, as `$.spec.template.spec.containers[*].image`."""


class InUse(Model):
    """Never delete what workloads use or can roll back to."""

    scope: Literal["Cluster", "Namespace"] = "Cluster"
    """All namespaces, or the policy's own."""
    finished_for: Duration = Duration("24h")
    """A finished Job or Pod protects its images for this long."""
    custom_resources: Annotated[tuple[CustomResource, ...], Field(max_length=32)] = ()
    """Other kinds whose objects name images. What runs as a Pod is known without them."""


class Protect(Model):
    """What is kept whatever the rules say."""

    tags: OptionalPatterns = ()
    """Tags that are never deleted, in any repository: globs, or RE2 expressions between slashes."""
    repositories: OptionalPatterns = ()
    """Repositories in which nothing is deleted: globs, or RE2 expressions between slashes."""
    in_use: InUse | None = None
    """Images that workloads use. Without it, nobody asks the cluster; `inUse: {}` asks all of it."""
