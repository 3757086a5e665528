"""What a policy keeps whatever its rules say."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, StrictBool, model_validator

from regsweep.api.meta import Model, list_map
from regsweep.api.names import ImageName, ImagePath, Key, Label, Name, ResourceKind, ResourceVersion
from regsweep.api.policy.choices import Preset
from regsweep.api.scalars import Duration, OptionalPatterns

# Said by pydantic and by the API server alike.
_NODES_NEED_THE_CLUSTER = "nodeImages needs scope Cluster: a node runs pods of all namespaces"


class CustomResource(Model):
    """Where objects of another kind name images."""

    api_version: ResourceVersion
    """As its manifests say, such as argoproj.io/v1alpha1."""
    kind: ResourceKind
    """As its manifests say, such as Rollout."""
    path: ImagePath
    """A JSONPath of RFC 9535, as `$.spec.template.spec.containers[*].image`."""


class ImageList(Model):
    """A list of images that something else keeps up to date, in the policy's namespace."""

    kind: Literal["ConfigMap"] = "ConfigMap"
    """What holds it."""
    name: Name
    """Its name."""
    key: Key = "images"
    """The key whose value holds the images, with spaces or line ends between them."""


class KubeconfigSecretRef(Model):
    """A kubeconfig in a Secret in the policy's namespace."""

    name: Name
    """Its name."""
    key: Key = "kubeconfig"
    """The key whose value is the kubeconfig. It may hold a token or certificates, and run no program."""


class OtherCluster(Model):
    """Another cluster that pulls from this registry. All its namespaces are read, whatever `scope` says."""

    name: Label
    """What reports call it."""
    kubeconfig_secret_ref: KubeconfigSecretRef
    """How to reach it: a login that may list what `protect.inUse` asks for."""


class InUse(Model):
    """Never delete what workloads use or can roll back to."""

    scope: Literal["Cluster", "Namespace"] = "Cluster"
    """All namespaces, or the policy's own."""
    finished_for: Duration = Duration("24h")
    """A finished Job or Pod protects its images for this long."""
    presets: Annotated[tuple[Preset, ...], Field(max_length=len(Preset))] = ()
    """Other kinds that name images, known by what installs them."""
    custom_resources: Annotated[tuple[CustomResource, ...], Field(max_length=32)] = ()
    """Other kinds whose objects name images. What runs as a Pod is known without them."""
    helm_releases: StrictBool = False
    """Protect what the kept revisions of Helm releases name. Needs the right to list Secrets."""
    node_images: StrictBool = False
    """Protect what the nodes hold in their image stores, whether or not it runs."""
    images: Annotated[tuple[ImageName, ...], Field(max_length=500)] = ()
    """Images that no API knows of, as a Pod would name them."""
    image_lists: Annotated[tuple[ImageList, ...], Field(max_length=16)] = ()
    """Lists of such images."""
    clusters: Annotated[tuple[OtherCluster, ...], Field(max_length=16, json_schema_extra=list_map("name"))] = ()
    """Other clusters that pull from this registry. One that cannot be read stops the run."""

    @model_validator(mode="after")
    def _nodes_need_the_cluster(self) -> Self:
        if self.node_images and self.scope != "Cluster":
            raise ValueError(_NODES_NEED_THE_CLUSTER)
        return self

    @model_validator(mode="after")
    def _clusters_have_names(self) -> Self:
        names = [cluster.name for cluster in self.clusters]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"two clusters are called {twice[0]!r}: give each its own name")
        return self

    cel: ClassVar[tuple[tuple[str, str], ...]] = (
        ("!self.nodeImages || self.scope == 'Cluster'", _NODES_NEED_THE_CLUSTER),
    )


class Protect(Model):
    """What is kept whatever the rules say."""

    tags: OptionalPatterns = ()
    """Tags that are never deleted, in any repository: globs, or RE2 expressions between slashes."""
    repositories: OptionalPatterns = ()
    """Repositories in which nothing is deleted: globs, or RE2 expressions between slashes."""
    in_use: InUse | None = None
    """Images that workloads use. Without it, nobody asks the cluster; `inUse: {}` asks all of it."""
