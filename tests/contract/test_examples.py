"""Every example is valid, safe unless it says otherwise, and does what its first lines promise."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from regsweep.api.crd import crds
from regsweep.api.load import load_policy
from regsweep.api.policy import Mode
from regsweep.api.run import RegistryCleanupRun

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "deploy/examples").glob("*.yaml"))
SCHEMAS = {
    each["spec"]["names"]["kind"]: each["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    for each in crds()
}
DELETING = {"keep-last-two.yaml", "keep-last-two-by-time.yaml"}


def documents(path: Path) -> list[dict[str, Any]]:
    """Every document of the file, and every policy that a ConfigMap in it holds."""
    found = list(yaml.safe_load_all(path.read_text()))
    held = [text for each in found if each["kind"] == "ConfigMap" for text in each["data"].values()]
    return found + [yaml.safe_load(text) for text in held]


def of_kind(path: Path, kind: str) -> list[dict[str, Any]]:
    return [each for each in documents(path) if each["kind"] == kind]


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_each_begins_with_what_it_is_for(path: Path):
    assert path.read_text().startswith("# ")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_every_policy_and_run_is_valid(path: Path):
    for policy in of_kind(path, "RegistryCleanupPolicy"):
        load_policy(policy, path.name)
    for run in of_kind(path, "RegistryCleanupRun"):
        RegistryCleanupRun.model_validate(run)
    for document in documents(path):
        if schema := SCHEMAS.get(document["kind"]):
            Draft202012Validator(schema).validate(document["spec"])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_only_an_example_about_deleting_deletes(path: Path):
    policies = [load_policy(policy) for policy in of_kind(path, "RegistryCleanupPolicy")]
    assert [policy.spec.mode is Mode.DELETE for policy in policies] == [path.name in DELETING] * len(policies)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.name)
def test_a_run_names_the_policy_beside_it(path: Path):
    policies = {each["metadata"]["name"] for each in of_kind(path, "RegistryCleanupPolicy")}
    assert {each["spec"]["policyRef"]["name"] for each in of_kind(path, "RegistryCleanupRun")} <= policies


@pytest.mark.parametrize("name", sorted(DELETING))
def test_the_last_two_of_nine_repositories_are_kept(name: str):
    [policy] = of_kind(ROOT / "deploy/examples" / name, "RegistryCleanupPolicy")
    spec = load_policy(policy).spec
    [rule] = spec.rules
    assert (len(rule.repositories.include), rule.keep.latest, spec.limits.max_deletion_percent) == (9, 2, 100)


def test_the_two_ways_to_keep_two_differ_in_the_order_alone():
    def rules(name: str) -> Any:
        [policy] = of_kind(ROOT / "deploy/examples" / name, "RegistryCleanupPolicy")
        return policy["spec"]

    by_name, by_time = rules("keep-last-two.yaml"), rules("keep-last-two-by-time.yaml")
    assert by_name["rules"][0]["keep"].pop("orderBy") == "Alphabetical"
    assert by_time["rules"][0]["keep"].pop("orderBy") == "CreatedTime"
    assert by_name == by_time


def test_there_is_an_example_of_each_kind():
    assert {path.stem for path in EXAMPLES} == {
        "cronjob", "dry-run", "keep-last-two", "keep-last-two-by-time", "nightly", "registry", "with-credentials",
    }  # fmt: skip


def test_the_cronjob_takes_options_that_the_command_has():
    from typer.main import get_command

    from regsweep.cli.app import app

    [job] = of_kind(ROOT / "deploy/examples/cronjob.yaml", "CronJob")
    [container] = job["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    command, *arguments = container["args"]
    known = {option for each in get_command(app).commands[command].params for option in each.opts}  # type: ignore[attr-defined]
    assert {each for each in arguments if each.startswith("-")} <= known
