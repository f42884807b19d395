# The commands of the project. `make` alone lists them.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
# How many tests run at once.
WORKERS ?= 2
BIN := $(VENV)/bin
# uv installs fast and checks every hash; where there is none it is brought along, pinned by hash itself.
UV := $(BIN)/uv
PIP_SYNC := $(UV) pip sync --quiet --require-hashes --python $(BIN)/python

.DEFAULT_GOAL := help
.PHONY: help run demo test bench faults lint types imports fresh generate lock ci clean

help: ## List the commands.
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(UV): requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed, $(PYTHON) is `$(PYTHON) -V 2>&1`; name another with make PYTHON=…"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

# One stamp per lock: the environment is exactly what the lock says. A later stamp holds what an earlier one needs.
$(VENV)/.run: $(UV) requirements/run.txt pyproject.toml
	@test -e $(VENV)/.dev || { echo "Installing what the program needs into $(VENV) …"; $(PIP_SYNC) requirements/run.txt; }
	@$(UV) pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python -e .
	@touch $@

$(VENV)/.dev: $(UV) requirements/dev.txt pyproject.toml
	@echo "Installing what the tests need into $(VENV) …"
	@$(PIP_SYNC) requirements/dev.txt
	@$(UV) pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python -e .
	@touch $@ $(VENV)/.run

run: $(VENV)/.run ## Start the program; with no settings at all everything runs embedded in .echora.
	@exec $(BIN)/faststream run streams:app

demo: $(VENV)/.run ## Watch a simulated week pass in four minutes, and see what was found of it: make demo DEMO="--kill 10".
	@exec $(BIN)/echora demo $(DEMO)

# Tests wait for servers more than they compute, so two files at once take little more than half the time; in their own
# order, since the short ones come last. The fault suite has one ledger and fills the machine by itself.
test: $(VENV)/.dev ## Run the tests (TESTS=… for a part); servers are started by the tests themselves.
ifdef TESTS
	@$(BIN)/python -m pytest $(TESTS)
else
	@failed=0; \
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder --ignore tests/faults || failed=$$?; \
	$(BIN)/python -m pytest tests/faults || failed=$$?; \
	exit $$failed
endif

bench: $(VENV)/.dev ## Measure against a reference and the raw limits (half an hour; BENCH=… for a part); figures as JSON in build/bench.json.
	@$(BIN)/python -m bench $(BENCH)

faults: $(VENV)/.dev ## Kill, cut and poison in the long form (more than an hour); the ledger as JSON in build/faults.json.
	@ECHORA_TEST_FAULTS=long $(BIN)/python -m pytest tests/faults $(FAULTS)

lint: $(VENV)/.dev ## Style.
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: $(VENV)/.dev ## Types.
	@$(BIN)/mypy

imports: $(VENV)/.dev ## Which part may import which.
	@$(BIN)/lint-imports --no-cache

generate: $(VENV)/.dev ## Write what is generated: protobuf code, AsyncAPI, the page of settings.
	@$(BIN)/python -m dev.generate

fresh: $(VENV)/.dev ## Fail when something generated is stale, or a contract breaks without a major version.
	@$(BIN)/python -m dev.generate --check
	@cd contracts/proto && $(abspath $(BIN))/buf lint
	@$(BIN)/python -m dev.breaking

lock: $(UV) ## Compile the locks anew.
	@sh requirements/compile.sh $(abspath $(UV))

ci: lint types imports fresh test ## Everything that CI runs.

clean: ## Remove the environment and what was built; data folders stay.
	@rm -rf $(VENV) build .pytest_cache .mypy_cache .ruff_cache .hypothesis
