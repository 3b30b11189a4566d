# Needs make and Python 3.11 or newer; everything else goes into .venv. `make` alone lists the targets.
.DEFAULT_GOAL := help
.PHONY: help setup setup-dev run test test-days messages check bench faults attack validate advisories lock clean
SHELL := /bin/sh
export PYTHON

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## make .venv with what running needs
	@sh tools/setup.sh run

setup-dev: ## make .venv with what developing needs as well
	@sh tools/setup.sh dev

run: setup ## start everything with demo offices (ARGS="..." go to `prepazka run`)
	@exec .venv/bin/prepazka run $(ARGS)

test: setup-dev ## run the tests on four processes, for journeys wait more than they work (ARGS="..." go to pytest)
	@.venv/bin/python -m tests.needs
	@exec .venv/bin/pytest -n 4 --dist worksteal $(ARGS)

test-days: setup-dev ## run the tests that read the clock as if on six special days (DAYS="march new-year", or today: one of them)
	@.venv/bin/python -m tests.needs
	@exec .venv/bin/python -m tests.days $(DAYS) --pytest='-m real_time $(ARGS)'

messages: setup-dev ## compile the catalogues; list what is missing, unused or broken (ARGS="--language sk", "--add sk")
	@exec .venv/bin/python tools/catalogues.py $(ARGS)

check: setup-dev ## look over the code: ruff, mypy, import contracts, deno for scripts
	@failed=0; \
	for look in "ruff check ." "ruff format --check ." mypy lint-imports "deno lint --quiet"; do \
		echo "== $$look"; .venv/bin/$$look || failed=1; \
	done; \
	exit $$failed

bench: setup-dev ## measure speed beside its limits (ARGS="..." go to the measuring program)
	@exec .venv/bin/python -m bench $(ARGS)

faults: setup-dev ## break everything under load, and look what held (ARGS="--short", --write, names of campaigns)
	@exec .venv/bin/python -m faults $(ARGS)

attack: setup-dev ## attack an installation in every way, with controls (ARGS="--short", --write, names of campaigns)
	@exec .venv/bin/python -m attack $(ARGS)

validate: setup-dev ## the simulator against exact values and ciw; a quarter of an hour (ARGS="..." go to pytest)
	@PREPAZKA_VALIDATE=1 exec .venv/bin/pytest -n 2 --dist worksteal -s tests/validation $(ARGS)

advisories: setup-dev ## compare the lock files with published holes (FILES="..." in the OSV format, downloaded before)
	@.venv/bin/python tools/advisories.py $(FILES)

lock: ## resolve the lock files anew (UPGRADE=1: to newer versions)
	@sh tools/lock.sh

clean: ## remove .venv, caches and compiled messages; data stay
	rm -rf .venv tests/gateways/npm/node_modules build dist .pytest_cache .hypothesis .mypy_cache .ruff_cache .import_linter_cache
	find src tests -name '__pycache__' -type d -prune -exec rm -rf {} +
	find src -name '*.mo' -delete
	find src -path '*/static/*' -name '*.gz' -delete
