# Everything happens in a virtual environment in the checkout; it is made again when what it is
# made from changes.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: help demo test lint types imports unit test-faults fuzz format constraints clean

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: $(READY)  ## make demo shards, annotate them, and show what came out
	$(BIN)/python -m demo

test: lint types imports unit  ## everything that must pass before a commit

lint: $(READY)
	$(BIN)/ruff format --check --quiet .
	$(BIN)/ruff check --quiet .

types: $(READY)
	$(BIN)/mypy

imports: $(READY)
	$(BIN)/lint-imports

unit: $(READY)  ## the tests alone
	$(BIN)/python -m pytest

test-faults: $(READY)  ## kill real processes, and see that nothing is lost (minutes)
	$(BIN)/python -m pytest -m faults

fuzz: $(READY)  ## thousands of mutated shards and images, new ones each time (minutes)
	$(BIN)/python -m pytest tests/pipelines/annotation/test_hostile.py --hypothesis-profile=fuzz --timeout=3600

format: $(READY)  ## put the code in its format
	$(BIN)/ruff format --quiet .
	$(BIN)/ruff check --quiet --fix .

constraints: $(READY)  ## write constraints.txt anew from what is installed
	$(BIN)/python -m pip freeze --exclude-editable | sed -E 's/^(torch==[0-9.]+)\+.*/\1/' > constraints.txt

clean:  ## remove the environment and everything the demo made
	rm -rf $(VENV) build demo/output *.egg-info .mypy_cache .ruff_cache .pytest_cache

$(READY): pyproject.toml setup.py constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "Python 3.11 is needed: install it, or make PYTHON=/path/to/it"; exit 1; }
	rm -rf $(VENV)
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $(READY)
