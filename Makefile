# `make` lists the targets. Each one makes what it needs first: a fresh clone and Python 3.11 or later are enough.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

# The first Python that is new enough and can make a virtual environment. `make PYTHON=... setup` names another.
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3; do \
	"$$p" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PARTS := $(BIN)/python tests/parts/build.py
PYTEST := $(BIN)/python -m pytest
NODE := $(BIN)/python tests/cluster/node.py
CAN_START_CLUSTER = [ "$$(uname -s)" = Linux ] && [ "$$(id -u)" = 0 ] || { \
	echo "a cluster of our own needs Linux and root; CLUSTER=existing uses the one of the current kubeconfig" >&2; exit 1; }
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links --system-certs

IMAGE ?= regsweep:dev
EXAMPLES ?=
CLUSTER ?=
CLUSTER_WORKERS ?= 5
export EXAMPLES CLUSTER
# The tests start some hundred Pythons: without this each of them compiles the whole package anew where that is set.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup lock fmt check test-fast test test-properties test-registry test-cluster cluster-up cluster-down \
	demo image chart crd bench clean

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/\1\t\2/' \
		| while IFS=$$'\t' read -r name text; do printf '  make %-16s %s\n' "$$name" "$$text"; done

# ------------------------------------------------------------------------------------------- the environment

.venv/bin/python:
	@[ -n "$(PYTHON)" ] || { echo "Python 3.11 or later with the venv and ensurepip modules is missing:" \
		"install it (on Debian: python3 and python3-venv) or name one with make PYTHON=/path/to/python3" >&2; exit 1; }
	@echo "making .venv with $(PYTHON)"
	@$(PYTHON) -m venv .venv

# What a user runs.
.venv/runtime.stamp: requirements/runtime.txt requirements/build.txt pyproject.toml | .venv/bin/python
	@echo "installing what regsweep needs"
	@$(PIP) install --require-hashes -r requirements/build.txt -r requirements/runtime.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@$(PIP) check
	@touch $@

# With it, what a developer runs.
.venv/dev.stamp: requirements/dev.txt .venv/runtime.stamp
	@echo "installing what the tests and checks need"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@touch $@

setup: .venv/dev.stamp ## make .venv with everything that development needs

lock: .venv/dev.stamp ## write requirements/*.txt anew (UPGRADE=1: with the newest versions)
	$(LOCK) $(if $(UPGRADE),--upgrade) pyproject.toml -o requirements/runtime.txt
	$(LOCK) $(if $(UPGRADE),--upgrade) --group build -o requirements/build.txt
	$(LOCK) $(if $(UPGRADE),--upgrade) -c requirements/runtime.txt -c requirements/build.txt \
		pyproject.toml --group dev -o requirements/dev.txt

# ------------------------------------------------------------------------------------------------ the checks

fmt: .venv/dev.stamp ## format the code and mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

check: .venv/dev.stamp ## ruff, mypy and the layers of imports
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

test-fast: .venv/dev.stamp ## unit and contract tests; no servers, under a minute
	$(PYTEST) -n 2 tests/unit tests/contract

test-properties: .venv/dev.stamp ## the promises alone, each over EXAMPLES=n cases (default 2000)
	$(PYTEST) -n 2 -m "hypothesis or exhaustive" --hypothesis-profile=ci --timeout=7200 tests/property tests/unit tests/contract

test-registry: .venv/dev.stamp ## against real Distribution 2.8 and 3.x, which it builds first
	$(PARTS) registry2 registry3 >/dev/null
	$(PYTEST) -n 2 --fail-on-skip tests/registry

# One pytest for all, so that one summary closes the run.
test: check ## check, then unit, property, contract and registry tests; no root, no cluster
	$(PARTS) registry2 registry3 >/dev/null
	EXAMPLES=$${EXAMPLES:-100} $(PYTEST) -n 4 --fail-on-skip --hypothesis-profile=ci \
		tests/property tests/unit tests/contract tests/registry
	@echo "make test: ruff, mypy, layers, unit, property, contract and registry tests all passed"

test-cluster: .venv/dev.stamp ## on a real Kubernetes that it builds and starts (Linux, root), or CLUSTER=existing
ifeq ($(CLUSTER),existing)
	$(PARTS) registry2 registry3 helm >/dev/null
else
	@$(CAN_START_CLUSTER)
	$(PARTS) registry2 registry3 helm kubernetes >/dev/null
endif
	$(BIN)/python tests/cluster/suite.py $(CLUSTER_WORKERS)

# ----------------------------------------------------------------------------------------------- the cluster

cluster-up: .venv/dev.stamp ## start a Kubernetes of one node on this machine and leave it running (Linux, root)
	@$(CAN_START_CLUSTER)
	$(PARTS) kubernetes >/dev/null
	$(NODE) up

cluster-down: .venv/dev.stamp ## take it down; nothing of it stays
	$(NODE) down

# ------------------------------------------------------------------------------------------------- the story

demo: .venv/runtime.stamp ## the whole job on this machine: a real registry, 300 images, plan, apply, every kept image pulled
	@registry=$$($(PARTS) registry3); $(BIN)/regsweep demo --registry-binary "$$registry"

# --------------------------------------------------------------------------------------------- what is shipped

image: ## build the container image (IMAGE=name:tag)
	docker build --tag $(IMAGE) .

chart: .venv/dev.stamp ## lint the chart, render it, check the result against the schemas of Kubernetes
	$(PARTS) helm kubeconform >/dev/null
	$(PYTEST) --fail-on-skip tests/chart

crd: .venv/dev.stamp ## write the CRDs of deploy/ and charts/ from the models
	$(BIN)/python -m regsweep crd --write

bench: .venv/dev.stamp ## what regsweep costs, beside what it cannot be faster than
	$(BIN)/python -m bench

clean: ## remove what this Makefile made in this folder (the cache folder stays)
	rm -rf .venv .hypothesis .mypy_cache .ruff_cache .pytest_cache .import_linter_cache build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
