"""What both kinds share: the base of all models, object metadata, conditions, references."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.alias_generators import to_camel

GROUP = "regsweep.dev"
VERSION = "v1alpha1"
API_VERSION = f"{GROUP}/{VERSION}"
FIELD_MANAGER = "regsweep"

Count = Annotated[int, Field(strict=True, ge=0, le=2**53)]
Text = Annotated[str, Field(max_length=1024)]


def list_map(key: str) -> dict[str, Any]:
    """Says in the CRD that a list is a map by `key`: no two entries share it, and server-side apply merges by it."""
    return {"x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key]}


def no_default(schema: dict[str, Any]) -> None:
    """For a field whose CEL rule asks whether it was set: the API server must not write its default first."""
    schema.pop("default", None)


class Model(BaseModel):
    """Base of what people write: immutable, and an unknown field is an error that names it."""

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, value: Any) -> Any:
        """As the API server does: `field:` with nothing behind it is as good as no field."""
        return {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value


class StatusModel(BaseModel):
    """Base of what the operator writes: a field of a newer version is ignored, so that an older operator survives
    it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)


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


Conditions = Annotated[tuple[Condition, ...], Field(max_length=16, json_schema_extra=list_map("type"))]


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
