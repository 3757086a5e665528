"""What both kinds share: the base of all models, object metadata, conditions, references."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

GROUP = "regsweep.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
FIELD_MANAGER = "regsweep"

Name = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$")]
Key = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[-._a-zA-Z0-9]+$")]
Count = Annotated[int, Field(ge=0, le=2**53)]
Text = Annotated[str, Field(max_length=1024)]
Sha256 = Annotated[str, Field(pattern=r"^sha256:[0-9a-f]{64}$", max_length=71)]


class Model(BaseModel):
    """Base of what people write: immutable, and an unknown field is an error that names it."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True
    )


class StatusModel(BaseModel):
    """Base of what the operator writes: a field of a newer version is ignored, so that an older operator survives
    it.
    """

    model_config = ConfigDict(
        frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True, use_attribute_docstrings=True
    )


class OwnerReference(StatusModel):
    api_version: Text
    kind: Text
    name: Text
    uid: Text


class ObjectMeta(StatusModel):
    """The part of a Kubernetes object's metadata that regsweep reads."""

    name: Annotated[str, Field(max_length=253)]
    namespace: Annotated[str, Field(max_length=63)] = ""
    uid: Annotated[str, Field(max_length=64)] = ""
    generation: Count = 0
    resource_version: Text = ""
    creation_timestamp: datetime | None = None
    deletion_timestamp: datetime | None = None
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)
    finalizers: tuple[str, ...] = ()
    owner_references: tuple[OwnerReference, ...] = ()


class Condition(StatusModel):
    """One fact about an object, after the Kubernetes API conventions."""

    type: Annotated[str, Field(max_length=63)]
    status: Literal["True", "False", "Unknown"]
    reason: Annotated[str, Field(max_length=63, pattern=r"^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$")]
    message: Annotated[str, Field(max_length=2048)] = ""
    last_transition_time: datetime
    observed_generation: Count = 0


def set_condition(conditions: tuple[Condition, ...], new: Condition) -> tuple[Condition, ...]:
    """`conditions` with `new` in place of its type. The transition time moves only when the status does."""
    old = next((c for c in conditions if c.type == new.type), None)
    if old is not None and old.status == new.status:
        new = new.model_copy(update={"last_transition_time": old.last_transition_time})
    return (
        (*(c for c in conditions if c.type != new.type), new)
        if old is None
        else tuple(new if c.type == new.type else c for c in conditions)
    )
