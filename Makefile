# All commands run in a virtual environment in the checkout. It is created again when
# pyproject.toml, setup.py or constraints.txt change.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
PROCESSES ?= 2# that run the tests side by side
SIDE_BY_SIDE := --numprocesses $(PROCESSES) --dist loadfile

.PHONY: help demo test lint types imports unit test-faults test-stores test-orchestrators test-torch fuzz format reference constraints clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(READY)  ## make demo shards, annotate them, and show the results
	$(BIN)/python -m demo

test: lint types imports unit  ## run every check that must pass before a commit

lint: $(READY)
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .

types: $(READY)
	$(BIN)/mypy

imports: $(READY)
	$(BIN)/lint-imports

unit: $(READY)  ## run only the tests
	$(BIN)/python -m pytest $(SIDE_BY_SIDE)

test-faults: $(READY)  ## test that killing real processes loses nothing (minutes)
	$(BIN)/python -m pytest -m faults $(SIDE_BY_SIDE)

STORES := .venv-stores# servers of object stores, whose requirements differ from the project's

test-stores: $(READY)  ## test buckets against servers of S3, Google Cloud Storage and Azure (minutes)
	$(MAKE) --no-print-directory -j2 $(STORES)/.ready $(STORES)/node_modules/.ready
	$(BIN)/python -m pytest -m stores $(SIDE_BY_SIDE) tests/stores

$(STORES)/.ready: tests/stores/requirements.txt
	$(PYTHON) -m venv $(STORES)
	$(STORES)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --requirement $<
	@touch $@

$(STORES)/node_modules/.ready: tests/stores/package.json tests/stores/package-lock.json
	mkdir -p $(@D)
	cp $^ $(STORES)
	@if npm ci --prefix $(STORES) --silent --no-audit --no-fund --ignore-scripts --fetch-retries=1; \
	then touch $@; \
	else echo "npm did not install Azurite: the tests of Azure are skipped. They need Node.js."; fi

ORCHESTRATORS := .venv-orchestrators# Airflow and validators, whose requirements differ from the project's

test-orchestrators: $(READY) $(ORCHESTRATORS)/.ready  ## test jobs under Slurm and Airflow, and manifests (minutes)
	$(BIN)/python -m pytest -m orchestrators tests/orchestrators

$(ORCHESTRATORS)/.ready: tests/orchestrators/requirements.txt
	rm -rf $(ORCHESTRATORS)
	$(PYTHON) -m venv $(ORCHESTRATORS)
	@if $(ORCHESTRATORS)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile --requirement $<; \
	then touch $@; \
	else echo "pip did not install Airflow and the validators: their tests are skipped."; fi

TORCH_VERSIONS ?= 2.11 2.15
TORCH_ENVS := $(TORCH_VERSIONS:%=.venv-torch-%)

test-torch: $(TORCH_ENVS)  ## test the engines with the oldest and the newest torch (installs both)
	set -e; for env in $(TORCH_ENVS); do $$env/bin/python -m pytest tests/inference; done

.venv-torch-%: pyproject.toml setup.py constraints.txt
	rm -rf $@
	$(PYTHON) -m venv $@
	grep -vE '^(torch|triton|nvidia|cuda)' constraints.txt > $@/constraints.txt
	$@/bin/python -m pip install --quiet --disable-pip-version-check --constraint $@/constraints.txt --editable '.[dev]' 'torch==$*.*'
	@touch $@

FUZZED := annotation/test_hostile.py config/test_job_fuzz.py planning/test_shard_names.py

fuzz: $(READY)  ## test thousands of mutated shards, images, jobs and names, new ones each time (minutes)
	$(BIN)/python -m pytest $(FUZZED:%=tests/pipelines/%) --hypothesis-profile=fuzz --timeout=3600

format: $(READY)  ## format the code and fix lint errors
	$(BIN)/ruff format --quiet .
	$(BIN)/ruff check --quiet --fix .

reference: $(READY)  ## write docs/reference.md from docstrings, and docs/cards.md from the published figures
	$(BIN)/python -m shardmill explain --markdown > docs/reference.md
	$(BIN)/python -m pipelines.display.result_card > docs/cards.md

constraints: $(READY)  ## write constraints.txt from the installed packages
	$(BIN)/python -m pip freeze --exclude-editable | sed -E 's/^(torch==[0-9.]+)\+.*/\1/' > constraints.txt

clean:  ## remove the environment and the demo's output
	rm -rf $(VENV) $(STORES) $(ORCHESTRATORS) .venv-torch-* build demo/output *.egg-info .mypy_cache .ruff_cache .pytest_cache

$(READY): pyproject.toml setup.py constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: install it, or make PYTHON=/path/to/it"; exit 1; }
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $(READY)
