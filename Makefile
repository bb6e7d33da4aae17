# Everything that is needed to work here. With uv or with plain python3 and pip; both use one lock.

SHELL := /bin/bash
.DEFAULT_GOAL := help
VENV := .venv
BIN := $(VENV)/bin
HOME_FOLDER := $(or $(INSTANCE_SELECT_HOME),var)
UV := $(shell command -v uv 2>/dev/null)
WORKERS := 3# of the tests, on two cores: a quarter of the time they wait for servers
SOURCES := actions app clouds models pipelines warehouse tests bench
export UV_LINK_MODE := copy
export PYRIGHT_PYTHON_GLOBAL_NODE := false# the node of the locked wheel, not whatever is installed
export PYRIGHT_PYTHON_IGNORE_WARNINGS := true
unexport PYTHONPATH VIRTUAL_ENV

.PHONY: help setup setup-dev setup-servers run check types style format test bench lock clean

help:
	@echo "make setup   environment to run it"
	@echo "make run     set-up, demo estate if $(HOME_FOLDER)/ is empty, dashboard and scheduler"
	@echo "make check   format, lint, types, import order, SQL style"
	@echo "make test    every test (T=path or options for some)"
	@echo "make bench   benchmarks (BENCH=name for one)"
	@echo "make lock    resolve the dependencies of pyproject.toml anew (needs uv)"

setup: $(VENV)/.setup

setup-dev: $(VENV)/.setup-dev

setup-servers: setup-dev
	@.ci/install-test-servers

$(BIN)/python:
	@.ci/make-venv $(VENV)

$(VENV)/.setup: requirements.lock pyproject.toml | $(BIN)/python
	@.ci/install $(VENV) requirements.lock
	@touch $@

$(VENV)/.setup-dev: requirements-dev.lock pyproject.toml | $(BIN)/python
	@.ci/install $(VENV) requirements-dev.lock
	@touch $@ $(VENV)/.setup

run: setup
	@$(BIN)/instance-select demo --if-empty
	@exec $(BIN)/instance-select serve

check: setup-dev
	@$(MAKE) --jobs 2 --output-sync --no-print-directory types style

types:
	$(BIN)/pyright

style:
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/sqlfluff lint --disable-progress-bar warehouse actions models pipelines clouds app

format: setup-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

test: setup-servers
	$(BIN)/python -m pytest --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder --durations 20 $(T)

bench: setup-dev
	$(BIN)/python -m bench $(BENCH)

lock:
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --quiet $(LOCK) -o requirements.lock
	uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-header --quiet $(LOCK) --extra all --group dev -c requirements.lock -o requirements-dev.lock

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis .import_linter_cache
