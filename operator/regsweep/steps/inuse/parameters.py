"""Templates of Tekton and Argo: an image that is a parameter and nothing else says nothing about any image."""

from __future__ import annotations

import re

_PARAMETER = re.compile(r"\$\([^()]*\)|\{\{[^{}]*\}\}")
_TAG = re.compile(r"[:@][^/]*$")
_NAME = re.compile(r"[A-Za-z0-9]")


def only_parameters(image: str) -> bool:
    """Whether nothing of the name is known. `$(params.registry)/team/app` is: it may be a repository of that name."""
    name, found = _PARAMETER.subn("", image)
    return bool(found) and not _NAME.search(_TAG.sub("", name))
