"""No object of any shape makes an extractor fail otherwise than by saying that it is strange."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from regsweep.steps.inuse.custom import custom_images
from regsweep.steps.inuse.helm import release_images
from regsweep.steps.inuse.nodes import node_images
from regsweep.steps.inuse.pods import pod_images
from regsweep.steps.inuse.presets import PRESETS
from regsweep.steps.inuse.shapes import Strange
from regsweep.steps.inuse.sources import places_of
from regsweep.steps.inuse.workloads import (
    cron_job_images,
    job_images,
    revision_images,
    stored_template_images,
    template_images,
)
from regsweep.steps.inuse.yaml_images import images_in_yaml
from tests.unit.steps.inuse.objects import SPAN

NAMES = st.sampled_from(
    (
        *("metadata", "spec", "status", "template", "jobTemplate", "containers", "initContainers", "volumes", "image"),
        *("reference", "name", "containerStatuses", "imageID", "state", "terminated", "finishedAt", "phase", "type"),
        *("conditions", "lastTransitionTime", "suspend", "data", "ownerReferences", "kind", "images", "names", "steps"),
        *("tag", "digest", "templates", "metrics", "provider", "job", "script", "release", "manifest", "hooks"),
    )
)
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=8),
    st.sampled_from(["r/app:1", "Succeeded", "Complete", "True", "2026-01-01T00:00:00Z", "StatefulSet"]),
)  # fmt: skip
SHAPES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5), max_leaves=40
)

EXTRACTORS: list[Callable[[Any], Iterator[tuple[str, str]]]] = [
    partial(pod_images, span=SPAN), template_images, stored_template_images, partial(job_images, span=SPAN),
    cron_job_images, revision_images, node_images, release_images,
    *(
        partial(custom_images, places=places_of(kind.paths, kind.finished, templates=True), span=SPAN)
        for kinds in PRESETS.values()
        for kind in kinds
    ),
]  # fmt: skip


@given(found=st.dictionaries(NAMES, SHAPES, max_size=5))
def test_an_object_of_any_shape_gives_strings_or_is_strange(found):
    for extract in EXTRACTORS:
        with suppress(Strange):
            images = list(extract(found))
            assert all(type(container) is type(image) is str for container, image in images)


@given(text=st.text(alphabet="ab: -[]{},&*?!|>'\"\n#%@\timage", max_size=60))
def test_yaml_of_any_kind_gives_strings_or_is_strange(text):
    with suppress(Strange):
        assert all(isinstance(image, str) for image in images_in_yaml(text))


@given(images=st.lists(st.from_regex(r"[a-z]{1,5}(/[a-z]{1,5}){0,2}:[a-z0-9]{1,5}", fullmatch=True), max_size=6))
def test_whatever_yaml_writes_is_found_again(images):
    import yaml

    document = {"spec": {"containers": [{"name": "c", "image": image} for image in images]}}
    for flow in (True, False):
        assert list(images_in_yaml(yaml.safe_dump(document, default_flow_style=flow))) == images


@pytest.mark.parametrize("found", [{}, {"spec": None, "status": None, "metadata": None}], ids=["empty", "null"])
def test_what_is_absent_is_nothing_and_no_release(found):
    for extract in EXTRACTORS:
        if extract is not release_images:
            assert list(extract(found)) == []
    with pytest.raises(Strange):
        list(release_images(found))
