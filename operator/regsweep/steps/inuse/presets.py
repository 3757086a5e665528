"""Where well-known controllers name images: what is made later, or what a rollback or a new run goes back to.

What runs as a pod is known without them. A parameter in a template, as `$(params.image)`, names no image: what stands
for it is known when it runs.
"""

from __future__ import annotations

from dataclasses import dataclass

from regsweep.api.policy import Preset


@dataclass(frozen=True, slots=True)
class PresetKind:
    """A kind in any version that the cluster serves. `finished` is the way to the time since when it is over."""

    group: str
    name: str
    paths: tuple[str, ...]
    finished: tuple[str, ...] = ()


def _pod(spec: str) -> tuple[str, ...]:
    return (
        f"{spec}['initContainers', 'containers', 'ephemeralContainers'][*].image",
        f"{spec}.volumes[*].image.reference",
    )


_TEMPLATE = _pod("$.spec.template.spec")
_JOBS = _pod("$.spec.metrics[*].provider.job.spec.template.spec")


def _workflow(root: str) -> tuple[str, ...]:
    """Templates may lie within steps and tasks, to any depth."""
    return (
        f"{root}..['container', 'script'].image",
        f"{root}..['initContainers', 'sidecars', 'containers'][*].image",
        f"{root}..volumes[*].image.reference",
    )


def _tasks(root: str) -> tuple[str, ...]:
    return (
        f"{root}..['steps', 'sidecars', 'stepSpecs', 'sidecarSpecs'][*].image",
        f"{root}..stepTemplate.image",
    )


_WORKFLOW = _workflow("$.spec")
_TASKS = _tasks("$.spec")

PRESETS: dict[Preset, tuple[PresetKind, ...]] = {
    Preset.ARGO_ROLLOUTS: (
        PresetKind("argoproj.io", "Rollout", _TEMPLATE),
        PresetKind("argoproj.io", "Experiment", _pod("$.spec.templates[*].template.spec")),
        PresetKind("argoproj.io", "AnalysisTemplate", _JOBS),
        PresetKind("argoproj.io", "ClusterAnalysisTemplate", _JOBS),
        PresetKind("argoproj.io", "AnalysisRun", _JOBS, ("status", "completedAt")),
    ),
    Preset.ARGO_WORKFLOWS: (
        PresetKind("argoproj.io", "CronWorkflow", _WORKFLOW),
        PresetKind("argoproj.io", "WorkflowTemplate", _WORKFLOW),
        PresetKind("argoproj.io", "ClusterWorkflowTemplate", _WORKFLOW),
        PresetKind(
            "argoproj.io",
            "Workflow",
            (*_WORKFLOW, *_workflow("$.status.storedTemplates"), *_workflow("$.status.storedWorkflowTemplateSpec")),
            ("status", "finishedAt"),
        ),
    ),
    Preset.FLUX_IMAGE_POLICIES: (
        PresetKind(
            "image.toolkit.fluxcd.io",
            "ImagePolicy",
            (
                "$.status['latestRef', 'observedPreviousRef']",
                "$.status['latestImage', 'observedPreviousImage']",
            ),
        ),
    ),
    Preset.KNATIVE: (
        PresetKind("serving.knative.dev", "Service", _TEMPLATE),
        PresetKind("serving.knative.dev", "Configuration", _TEMPLATE),
        PresetKind(
            "serving.knative.dev",
            "Revision",
            (
                *_pod("$.spec"),
                "$.status['containerStatuses', 'initContainerStatuses'][*].imageDigest",
                "$.status.imageDigest",
            ),
        ),
    ),
    Preset.TEKTON: (
        PresetKind("tekton.dev", "Task", _TASKS),
        PresetKind("tekton.dev", "ClusterTask", _TASKS),
        PresetKind("tekton.dev", "StepAction", ("$.spec.image",)),
        PresetKind("tekton.dev", "Pipeline", _TASKS),
        PresetKind(
            "tekton.dev",
            "TaskRun",
            (*_TASKS, *_tasks("$.status.taskSpec"), "$.status['steps', 'sidecars'][*].imageID"),
            ("status", "completionTime"),
        ),
        PresetKind(
            "tekton.dev",
            "PipelineRun",
            (*_TASKS, *_tasks("$.status.pipelineSpec")),
            ("status", "completionTime"),
        ),
    ),
}
