# make run     the portal with demo data at http://localhost:6543
# make test    all tests, on SQLite and on PostgreSQL
# make sure    everything that CI says: formatting, lint, types, import rules, translations, tests
# make format  put the code into shape · make bench  measure · make lock  renew the locked requirements
# make walls   try all of one customer's pages as others, with 600 orders, with either wall away
# make screens look at every kind of page in Chromium, both themes, desktop and phone: pictures in var/screens
# make mutants take one guard away after the other and see that the tests notice
# make translations  bring the catalogues up to date with the sources and compile them
# make clean   take away what was made here, the virtual environment and the development database too

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INI ?= development.ini
WORKERS ?= 2
PACKAGE ?= portal portal/ops/pdf tests/acme_loyalty
LANGUAGES ?= de
UV_VERSION := 0.13.9

RUNTIME := $(VENV)/.runtime
DEVELOPMENT := $(VENV)/.development
PIP_INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check
LOCKED := --require-hashes --only-binary :all:
CHECKED := $(wildcard portal tests bench alembic setup.py)

.PHONY: help run test sure format lint types imports bench mutants walls screens lock translations clean

help:
	@sed -n 's/^# \{0,1\}//p; /^$$/q' Makefile

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Python 3.11 or newer is needed")'
	$(PYTHON) -m venv $(VENV)

# The stamps stand for "installed as locked"; they are older than the lock as soon as it changes.
$(RUNTIME): requirements.txt requirements.in setup.py | $(BIN)/python
	$(PIP_INSTALL) $(LOCKED) --requirement requirements.txt
	PYTHONWARNINGS=ignore $(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEVELOPMENT): requirements-dev.txt $(RUNTIME)
	$(PIP_INSTALL) $(LOCKED) --requirement requirements-dev.txt
	@touch $@

# Pyramid 2.1 still imports pkg_resources, which says so at every start.
run: export PYTHONWARNINGS = ignore:pkg_resources is deprecated:UserWarning
run: $(RUNTIME)
	$(BIN)/portal db upgrade -c $(INI)
	$(BIN)/portal demo --if-empty -c $(INI)
	$(BIN)/portal serve -c $(INI)

test: $(DEVELOPMENT)
	$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal

sure: lint types imports test

lint: $(DEVELOPMENT)
	$(BIN)/ruff check $(CHECKED)
	$(BIN)/ruff format --check $(CHECKED)

types: $(DEVELOPMENT)
	$(BIN)/basedpyright

imports: $(DEVELOPMENT)
	$(BIN)/lint-imports --no-cache

format: $(DEVELOPMENT)
	$(BIN)/ruff check --fix $(CHECKED)
	$(BIN)/ruff format $(CHECKED)

bench: $(DEVELOPMENT)
	$(BIN)/python -m bench

walls: export PORTAL_WALLS_ORDERS = 600
walls: $(DEVELOPMENT)
	$(BIN)/python -m pytest tests/house/test_walls_long.py tests/house/test_walls.py tests/kernel/test_rls.py -n $(WORKERS) -rP

screens: $(DEVELOPMENT)
	PYTHONPATH=tests $(BIN)/python -m screens

mutants: $(DEVELOPMENT)
	PYTHONPATH=tests $(BIN)/python -m mutants

lock: | $(BIN)/python
	$(PIP_INSTALL) uv==$(UV_VERSION)
	for name in requirements requirements-dev; do \
	  $(BIN)/uv pip compile --quiet --upgrade --universal --python-version 3.11 --generate-hashes \
	    --only-binary :all: --custom-compile-command "make lock" $$name.in --output-file $$name.txt; \
	done

translations: $(DEVELOPMENT)
	for package in $(PACKAGE); do \
	  $(BIN)/pybabel --quiet extract --mapping-file babel.cfg --sort-output --no-location --omit-header \
	    --output-file $(VENV)/portal.pot $$package; \
	  for language in $(LANGUAGES); do \
	    verb=update; [ -e $$package/locale/$$language/LC_MESSAGES/portal.po ] || verb=init; \
	    options=; [ $$verb = init ] || options="--ignore-obsolete --no-fuzzy-matching --ignore-pot-creation-date"; \
	    $(BIN)/pybabel --quiet $$verb --domain portal --locale $$language --input-file $(VENV)/portal.pot \
	      --output-dir $$package/locale $$options; \
	  done; \
	  $(BIN)/pybabel --quiet compile --domain portal --directory $$package/locale; \
	done

clean:
	rm -rf $(VENV) build dist ./*.egg-info .pytest_cache .ruff_cache .import_linter_cache .hypothesis var
	find portal tests -name __pycache__ -type d -prune -exec rm -rf {} +
