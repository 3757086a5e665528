"""Objects of other kinds: paths of a policy, and the presets on objects as their controllers write them."""

from __future__ import annotations

import pytest

from regsweep.api.policy import Preset
from regsweep.steps.inuse.custom import MAXIMUM_IMAGES, custom_images
from regsweep.steps.inuse.parameters import only_parameters
from regsweep.steps.inuse.presets import PRESETS
from regsweep.steps.inuse.shapes import Strange
from regsweep.steps.inuse.sources import places_of
from tests.unit.steps.inuse.objects import DIGEST, SPAN, before, pod_spec, template


def found_at(path: str, value: object) -> list[str]:
    return [image for _, image in custom_images({"spec": value}, places_of((path,)), SPAN)]


VALUES = [
    ("a string", "r/a:1", ["r/a:1"]),
    ("nothing", None, []),
    ("name and tag", {"name": "r/a", "tag": "1"}, ["r/a:1"]),
    ("repository alone", {"repository": "r/a"}, ["r/a"]),
    ("registry apart", {"registry": "r", "repository": "a", "tag": "1", "pullPolicy": "Always"}, ["r/a:1"]),
    ("by digest", {"repository": "r/a", "digest": DIGEST}, [f"r/a@{DIGEST}"]),
    ("by tag and digest", {"name": "r/a", "tag": "1", "digest": DIGEST}, ["r/a:1", f"r/a@{DIGEST}"]),
    ("a volume's", {"reference": "r/a:1"}, ["r/a:1"]),
]


@pytest.mark.parametrize(("value", "images"), [case[1:] for case in VALUES], ids=[case[0] for case in VALUES])
def test_a_path_leads_to_a_reference_or_its_parts(value, images):
    assert found_at("$.spec.image", {"image": value}) == images


@pytest.mark.parametrize(
    "value", [7, True, ["r/a:1"], {}, {"tag": "1"}, {"name": 7}, {"name": "r/a", "tag": 1}], ids=str
)
def test_a_path_that_leads_elsewhere_is_no_protection(value):
    with pytest.raises(Strange):
        found_at("$.spec.image", {"image": value})


def test_a_path_that_leads_nowhere_finds_nothing():
    assert found_at("$.spec.image", {}) == []


def test_a_path_that_finds_too_much_is_given_up():
    with pytest.raises(Strange, match=r"\$\.\.image|finds more than 10000 images"):
        found_at("$..image", {"image": "r/a:1", "more": [{"image": "r/a:1"}] * MAXIMUM_IMAGES})


def test_an_object_that_is_too_deep_is_given_up():
    deep: object = {"image": "r/a:1"}
    for _ in range(200):
        deep = [deep]
    with pytest.raises(Strange, match="too deep"):
        found_at("$..image", deep)


PARAMETERS = [
    ("$(params.image)", True), ("{{inputs.parameters.image}}", True), ("{{ a }}:{{ b }}", True),
    ("$(params.registry)/$(params.name):v1", True), ("$(params.image)@sha256:aa", True),
    ("r/app:$(params.tag)", False), ("$(params.registry)/team/app:1", False), ("r/app:1", False), ("", False),
]  # fmt: skip


@pytest.mark.parametrize(("image", "only"), PARAMETERS, ids=[image for image, _ in PARAMETERS])
def test_what_a_parameter_leaves_open(image, only):
    assert only_parameters(image) is only


STEPS = {
    "steps": [{"name": "build", "image": "r/kaniko:1"}, {"name": "any", "image": "$(params.image)"}],
    "sidecars": [{"name": "docker", "image": "r/dind:2"}],
    "stepTemplate": {"image": "r/base:3"},
    "params": [{"name": "image", "default": "r/not-known:1"}],
}
TASK_IMAGES = {"r/kaniko:1", "r/dind:2", "r/base:3"}
FLOW = {
    "entrypoint": "main",
    "templates": [
        {"name": "main", "steps": [[{"name": "a", "inline": {"container": {"image": "r/inline:1"}}}]]},
        {"name": "b", "container": {"name": "", "image": "r/c:1"}, "initContainers": [{"image": "r/i:1"}]},
        {"name": "s", "script": {"image": "r/s:{{workflow.parameters.tag}}", "source": "image: no"}},
        {"name": "t", "containerSet": {"containers": [{"image": "r/set:1"}]}, "sidecars": [{"image": "r/k:1"}]},
        {"name": "p", "container": {"image": "{{inputs.parameters.image}}"}},
    ],
    "volumes": [{"name": "v", "image": {"reference": "r/v:1"}}],
}  # fmt: skip
FLOW_IMAGES = {"r/inline:1", "r/c:1", "r/i:1", "r/s:{{workflow.parameters.tag}}", "r/set:1", "r/k:1", "r/v:1"}
JOB_METRIC = {"metrics": [{"name": "m", "provider": {"job": {"spec": {"template": template("r/test:1")}}}}]}

OBJECTS = [
    (Preset.ARGO_ROLLOUTS, "Rollout", {"spec": {"replicas": 0, "template": template("r/a:1")}}, {"r/a:1"}),
    (Preset.ARGO_ROLLOUTS, "Rollout", {"spec": {"workloadRef": {"kind": "Deployment", "name": "web"}}}, set()),
    (Preset.ARGO_ROLLOUTS, "Experiment", {"spec": {"templates": [{"template": template("r/a:1")}]}}, {"r/a:1"}),
    (Preset.ARGO_ROLLOUTS, "AnalysisTemplate", {"spec": JOB_METRIC}, {"r/test:1"}),
    (Preset.ARGO_ROLLOUTS, "ClusterAnalysisTemplate", {"spec": JOB_METRIC}, {"r/test:1"}),
    (Preset.ARGO_ROLLOUTS, "AnalysisRun", {"spec": JOB_METRIC}, {"r/test:1"}),
    (Preset.ARGO_ROLLOUTS, "AnalysisRun", {"spec": JOB_METRIC, "status": {"completedAt": before(days=2)}}, set()),
    (Preset.ARGO_WORKFLOWS, "WorkflowTemplate", {"spec": FLOW}, FLOW_IMAGES),
    (Preset.ARGO_WORKFLOWS, "ClusterWorkflowTemplate", {"spec": FLOW}, FLOW_IMAGES),
    (Preset.ARGO_WORKFLOWS, "CronWorkflow", {"spec": {"schedule": "* * * * *", "workflowSpec": FLOW}}, FLOW_IMAGES),
    (Preset.ARGO_WORKFLOWS, "Workflow", {"spec": FLOW, "status": {"phase": "Running"}}, FLOW_IMAGES),
    (Preset.ARGO_WORKFLOWS, "Workflow", {"spec": {}, "status": {"storedTemplates": {"n/t": FLOW}}}, FLOW_IMAGES),
    (Preset.ARGO_WORKFLOWS, "Workflow", {"spec": {}, "status": {"storedWorkflowTemplateSpec": FLOW}}, FLOW_IMAGES),
    (Preset.ARGO_WORKFLOWS, "Workflow", {"spec": FLOW, "status": {"finishedAt": before(days=2)}}, set()),
    (Preset.ARGO_WORKFLOWS, "Workflow", {"spec": FLOW, "status": {"finishedAt": None}}, FLOW_IMAGES),
    (
        Preset.FLUX_IMAGE_POLICIES,
        "ImagePolicy",
        {"status": {"latestRef": {"name": "r/a", "tag": "2"}, "observedPreviousRef": {"name": "r/a", "tag": "1"}}},
        {"r/a:2", "r/a:1"},
    ),
    (Preset.FLUX_IMAGE_POLICIES, "ImagePolicy", {"status": {"latestImage": "r/a:2"}}, {"r/a:2"}),
    (Preset.FLUX_IMAGE_POLICIES, "ImagePolicy", {"spec": {}}, set()),
    (Preset.KNATIVE, "Service", {"spec": {"template": template("r/a:1", "r/b:1")}}, {"r/a:1", "r/b:1"}),
    (Preset.KNATIVE, "Configuration", {"spec": {"template": template("r/a:1")}}, {"r/a:1"}),
    (
        Preset.KNATIVE,
        "Revision",
        {
            "spec": pod_spec("r/a:1") | {"containerConcurrency": 0},
            "status": {"containerStatuses": [{"name": "app", "imageDigest": f"r/a@{DIGEST}"}]},
        },
        {"r/a:1", f"r/a@{DIGEST}"},
    ),
    (Preset.TEKTON, "Task", {"spec": STEPS}, TASK_IMAGES),
    (Preset.TEKTON, "ClusterTask", {"spec": STEPS}, TASK_IMAGES),
    (Preset.TEKTON, "StepAction", {"spec": {"image": "r/a:1", "script": "#!"}}, {"r/a:1"}),
    (Preset.TEKTON, "Pipeline", {"spec": {"tasks": [{"taskSpec": STEPS}], "finally": []}}, TASK_IMAGES),
    (Preset.TEKTON, "Pipeline", {"spec": {"tasks": [], "finally": [{"taskSpec": STEPS}]}}, TASK_IMAGES),
    (Preset.TEKTON, "TaskRun", {"spec": {"taskSpec": STEPS}}, TASK_IMAGES),
    (Preset.TEKTON, "TaskRun", {"spec": {}, "status": {"taskSpec": STEPS}}, TASK_IMAGES),
    (
        Preset.TEKTON,
        "TaskRun",
        {"spec": {}, "status": {"steps": [{"name": "b", "imageID": f"r/kaniko@{DIGEST}", "terminated": {}}]}},
        {f"r/kaniko@{DIGEST}"},
    ),
    (Preset.TEKTON, "TaskRun", {"spec": {"taskSpec": STEPS}, "status": {"completionTime": before(days=2)}}, set()),
    (Preset.TEKTON, "PipelineRun", {"status": {"pipelineSpec": {"tasks": [{"taskSpec": STEPS}]}}}, TASK_IMAGES),
    (Preset.TEKTON, "PipelineRun", {"spec": {"pipelineSpec": {"tasks": [{"taskSpec": STEPS}]}}}, TASK_IMAGES),
]  # fmt: skip


@pytest.mark.parametrize(
    ("preset", "kind", "content", "images"), OBJECTS, ids=[f"{preset.value}-{kind}" for preset, kind, _, _ in OBJECTS]
)
def test_a_preset_knows_where_its_kinds_name_images(preset, kind, content, images):
    [row] = [each for each in PRESETS[preset] if each.name == kind]
    places = places_of(row.paths, row.finished, templates=True)
    assert {image for _, image in custom_images(content, places, SPAN)} == images


def test_every_preset_of_the_api_has_kinds_and_every_kind_is_shown_above():
    assert set(PRESETS) == set(Preset)
    assert {(preset, kind.name) for preset, kinds in PRESETS.items() for kind in kinds} == {
        (preset, kind) for preset, kind, _, _ in OBJECTS
    }
