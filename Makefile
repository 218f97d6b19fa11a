# `make verify` and `make test` work on a fresh clone; `make help` lists the rest.
PYTHON ?= python3
VENV ?= .venv
OUT ?= build
# torch is installed first, at one version: left to its dependencies, pip takes the newest torch, which
# on Linux brings gigabytes of CUDA libraries. Give TORCH=... for another build (a GPU's, say).
TORCH ?= torch==2.13.0
PYTEST_ARGS ?=
VERIFY_ARGS ?= --train quick --out $(OUT)

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed-test
INSTALLED_DEV := $(VENV)/.installed-dev

.DEFAULT_GOAL := help
.PHONY: help install verify paper docs test test-all mutants soak formal lint format clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(firstword $(MAKEFILE_LIST)) | sed -E 's/^([a-z-]+):.*## /make \1: /'

install: $(INSTALLED) ## make .venv and install the project with what its tests need

verify: $(INSTALLED) ## train the quick profile, check every claim, write figures and the report
	$(BIN)/lossmatters verify $(VERIFY_ARGS)

# One torch thread a worker: as many workers as cores, each with as many threads, would fight for them.
test: export OMP_NUM_THREADS := 1
test: $(INSTALLED) ## run the tests on all cores, but for the slow ones
	$(BIN)/python -m pytest -n auto -m "not slow" $(PYTEST_ARGS)

test-all: export OMP_NUM_THREADS := 1
test-all: $(INSTALLED) ## run all tests, the slow ones too
	$(BIN)/python -m pytest -n auto $(PYTEST_ARGS)

paper: verify ## the article, from the records and the ledger of `make verify` (needs LaTeX; says so)
	$(BIN)/lossmatters paper --records $(OUT)/records --ledger $(OUT)/ledger.json --out $(OUT)

docs: $(INSTALLED) ## the site of the documentation, into build/site
	$(BIN)/python -m pip install -e ".[docs]"
	rm -rf docs/generated
	$(BIN)/python -m sphinx -W --keep-going -q -b html docs $(OUT)/site

formal: $(INSTALLED) ## check the Coq proofs; says what to install where there is no Coq
	$(BIN)/python -m lossmatters.proofs_checks.formal.check

mutants: $(INSTALLED) ## change the theory in one place at a time, and see whether a test notices
	OMP_NUM_THREADS=1 $(BIN)/python tests/support/mutants.py

SOAK_ARGS ?= --seconds 600
soak: $(INSTALLED) ## kill sweeps, fill disks, damage files, draw command lines and losses at random, for SOAK_ARGS="--seconds N"
	OMP_NUM_THREADS=1 $(BIN)/python tests/support/soak.py $(SOAK_ARGS)

lint: $(INSTALLED_DEV) ## style, format and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(INSTALLED_DEV) ## rewrite the files in the house format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean: ## remove the virtual environment and everything built
	rm -rf $(VENV) $(OUT) dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Stamps: nothing is installed again until pyproject.toml changes.
$(INSTALLED): pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install "$(TORCH)"
	$(BIN)/python -m pip install -e ".[test]"
	touch $@

$(INSTALLED_DEV): $(INSTALLED)
	$(BIN)/python -m pip install -e ".[dev]"
	touch $@
