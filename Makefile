# Obverse. `make` alone says what can be done; nothing is needed but Python 3.11 or newer and make.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo run test lint bench soak messages locks browser fediverse peers corpora screens clean

VENV ?= .venv
BIN := $(VENV)/bin
ARGS ?=
JOBS ?= 2

# The first Python that runs here and is new enough. Another one: make demo PYTHON=/path/to/python3
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	if $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)

PIP := $(BIN)/python -m pip --disable-pip-version-check -qq
LOCKED := install --require-hashes --no-warn-script-location

help:
	@echo 'make demo    a person and three vendors, four nodes, strike a deal (ARGS=--once: and end)'
	@echo 'make run     serve a node of your own (ARGS: what `obverse serve` takes)'
	@echo 'make test    the whole suite with its coverage gate (ARGS: what pytest takes, a part without the gate)'
	@echo 'make lint    ruff, mypy and the rules of the house'
	@echo 'make bench   measured figures, each beside its floor (ARGS=--quick: in two minutes)'
	@echo 'make soak    load, kills and a bad network, and a checker (ARGS="--minutes 60")'
	@echo 'make messages take new words of the pages into the catalogues, and name what is not translated'
	@echo 'make screens a picture of every page of a finished demo, under build/screens (needs Chromium)'
	@echo 'make fediverse  install Fedify, for the part of the demo and the tests that meets a server of another make'
	@echo 'make peers   install all servers of other makes that the tests meet (Fedify, cattle-grid)'
	@echo 'make corpora install two collections of the fediverse'"'"'s posts, which the tests send to an inbox'
	@echo 'make locks   resolve the dependencies anew into requirements*.lock (needs uv)'
	@echo 'make clean   remove what make has made (never the data of a node)'

demo: $(VENV)/.ready
	@$(BIN)/obverse demo $(ARGS)

run: $(VENV)/.ready
	@$(BIN)/obverse serve $(ARGS)

COVERED := --cov=federation --cov=node --cov-branch --cov-report= --cov-report=json:build/coverage.json

test: $(VENV)/.ready-dev
	@mkdir -p build
ifeq ($(strip $(ARGS)),)
	$(BIN)/python -m pytest -n $(JOBS) $(COVERED)
	@$(BIN)/python tests/coverage_gate.py build/coverage.json
else
	$(BIN)/python -m pytest $(ARGS)
	@echo 'A part of the suite: the coverage gate holds for the whole of it (make test without ARGS).'
endif

lint: $(VENV)/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/architecture

bench: $(VENV)/.ready-dev
	@mkdir -p build
	@$(BIN)/python -m tests.benchmarks $(ARGS)

soak: $(VENV)/.ready-dev
	@mkdir -p build
	@$(BIN)/python -m tests.soak $(ARGS)

# What the browser tests run inside pages: from npm, by hash, never part of Obverse.
browser: build/browser/.ready

build/browser/.ready: tests/browser/package.json tests/browser/package-lock.json
	@mkdir -p build/browser
	@cp tests/browser/package.json tests/browser/package-lock.json build/browser/
	@cd build/browser && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# A fediverse server that is not ours (Fedify, on Node.js), for the demo and the tests: from npm, by hash, never
# part of Obverse. Node.js itself comes from npm too, where the system has none that is new enough.
FEDIVERSE := node/demo/fediverse

fediverse: build/fediverse/.ready

build/fediverse/.ready: $(FEDIVERSE)/package.json $(FEDIVERSE)/package-lock.json
	@mkdir -p build/fediverse
	@cp $(FEDIVERSE)/package.json $(FEDIVERSE)/package-lock.json build/fediverse/
	@cd build/fediverse && npm ci --ignore-scripts --no-audit --no-fund --loglevel=error
	@touch $@

# A second make of server for the tests (cattle-grid), by hash and in an environment of its own. It needs
# RabbitMQ and nginx beside it, which are Debian's.
peers: fediverse build/cattle/.ready

build/cattle/.ready: tests/interop/cattle/requirements.lock
	@mkdir -p build
	@"$(PYTHON)" -m venv --clear build/cattle
	@build/cattle/bin/python -m pip --disable-pip-version-check -qq $(LOCKED) --no-deps -r $<
	@touch $@

# Collections of posts as the fediverse's servers send them, for the tests: from PyPI, by hash, in an environment of
# their own, since they ask for older packages than Obverse does.
CORPORA := tests/interop/corpora

corpora: build/corpora/.ready build/feditest/.ready

build/corpora/.ready: $(CORPORA)/requirements.lock
	@"$(PYTHON)" -m venv build/corpora/venv
	@build/corpora/venv/bin/python -m pip --disable-pip-version-check -qq $(LOCKED) -r $(CORPORA)/requirements.lock
	@touch $@

# FediTest's reading of WebFinger answers, for the tests; what else it asks for is not needed, hence --no-deps.
build/feditest/.ready: tests/interop/feditest/requirements.lock
	@"$(PYTHON)" -m venv --clear build/feditest
	@build/feditest/bin/python -m pip --disable-pip-version-check -qq $(LOCKED) --no-deps -r $<
	@touch $@

screens: $(VENV)/.ready-dev
	@$(BIN)/python -m tests.browser.screens $(ARGS)

messages: $(VENV)/.ready-dev
	@$(BIN)/python -m tests.catalogues $(ARGS)

# --- setting up ------------------------------------------------------------------------------------------
# Packages come by hash from the locks. The build back-end has a lock of its own, so that installing the
# project itself asks the network for nothing. A stamp says which locks the environment was made from.

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo 'Obverse needs Python 3.11 or newer, and none was found. Install one, or name it: make demo PYTHON=/path/to/python3'; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
		|| { echo '$(PYTHON) is not Python 3.11 or newer. Name one that is: make demo PYTHON=/path/to/python3'; exit 1; }
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); \
		echo '$(PYTHON) cannot make a virtual environment. On Debian and Ubuntu: apt-get install python3-venv'; exit 1; }

$(VENV)/.ready: requirements.lock requirements-build.lock pyproject.toml | $(BIN)/python
	@echo 'Setting up: installing the locked packages into $(VENV). The first time takes about a minute.'
	@$(PIP) $(LOCKED) -r requirements.lock
	@$(PIP) $(LOCKED) -r requirements-build.lock
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.ready-dev: requirements-dev.lock $(VENV)/.ready
	@echo 'Setting up: installing the locked packages for tests and checks into $(VENV).'
	@$(PIP) $(LOCKED) -r requirements-dev.lock
	@touch $@

LOCK := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-header --no-emit-index-url --no-emit-find-links

locks:
	$(LOCK) pyproject.toml --extra dev -o requirements-dev.lock
	$(LOCK) pyproject.toml -c requirements-dev.lock -o requirements.lock
	printf 'hatchling>=1.27\neditables>=0.5\n' | $(LOCK) - -c requirements-dev.lock -o requirements-build.lock
	$(LOCK) tests/interop/cattle/requirements.in -o tests/interop/cattle/requirements.lock
	$(LOCK) $(CORPORA)/requirements.in -o $(CORPORA)/requirements.lock
	$(LOCK) --no-deps tests/interop/feditest/requirements.in -o tests/interop/feditest/requirements.lock

clean:
	rm -rf $(VENV) build dist .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache *.egg-info
	find federation node tests -name __pycache__ -type d -prune -exec rm -rf {} +
