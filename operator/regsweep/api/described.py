"""The JSON schema of a model, with each field described by the docstring under it.

Pydantic can read those docstrings itself, but does so when a class is made: that cost a tenth of every start. Here the
source is read when a schema is asked for.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import pairwise

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema


class Described(GenerateJsonSchema):
    """For `model_json_schema(schema_generator=...)`. A description that a field has otherwise stays."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        result = super().model_schema(schema)
        model: type[BaseModel] = schema["cls"]
        for name, words in _descriptions(model).items():
            key = (model.model_fields[name].alias or name) if self.by_alias else name
            described = result["properties"][key]
            result["properties"][key] = {"description": words, **described}
        return result


def _descriptions(model: type[BaseModel]) -> Mapping[str, str]:
    """By the names of its fields, also of those that it inherits."""
    found: dict[str, str] = {}
    for base in reversed(model.__mro__):
        if issubclass(base, BaseModel) and base is not BaseModel:
            found |= _of_module(base.__module__).get(base.__name__, {})
    return {name: words for name, words in found.items() if name in model.model_fields}


@cache
def _of_module(name: str) -> Mapping[str, Mapping[str, str]]:
    """By class and field, what stands as a string right under the field."""
    tree = ast.parse(inspect.getsource(sys.modules[name]))
    return {node.name: dict(_of_class(node)) for node in tree.body if isinstance(node, ast.ClassDef)}


def _of_class(node: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, below in pairwise(node.body):
        match field, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(words))):
                yield name, inspect.cleandoc(words)
