# `make` alone lists the targets.  Everything is installed into .venv from the locks; see scripts/bootstrap.
SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help demo setup tex test lint format bench bench-tasks bench-chaos lock clean
BIN := .venv/bin

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

demo: ## the main job on sample data: LANG_=zh|en GOAL="..." ARGS="..."
	@sh scripts/bootstrap runtime
	@sh scripts/tex
	@$(BIN)/clawdbot models pull
	@$(BIN)/clawdbot demo $${LANG_:+--lang "$$LANG_"} $${GOAL:+--goal "$$GOAL"} $(ARGS)

setup: ## install what the demo, the checks and the tests need
	@sh scripts/bootstrap dev
	@sh scripts/tex

tex: ## try again to install XeLaTeX with Chinese
	@sh scripts/tex again

test: setup ## everything that must pass: lint, types, architecture, tests, coverage
	@$(BIN)/clawdbot models pull || echo "The tests that need the embedded model will fail."
	@$(MAKE) --no-print-directory lint
	$(BIN)/python -m pytest -q --cov --cov-report=json:.cache/coverage.json $(ARGS)
	$(BIN)/python scripts/check_coverage.py .cache/coverage.json

lint: ## style, types, layers and sizes (needs `make setup`)
	$(BIN)/python -m ruff check .
	$(BIN)/python -m ruff format --check .
	$(BIN)/python -m mypy
	$(BIN)/python -m mypy --explicit-package-bases tests scripts benchmarks
	$(BIN)/python -m pytest -q tests/test_architecture.py

format: ## let ruff mend style
	$(BIN)/python -m ruff check --fix .
	$(BIN)/python -m ruff format .

bench: ## overhead for each step, start-up times, memory
	@sh scripts/bootstrap dev
	$(BIN)/python -m benchmarks $(ARGS)

bench-tasks: ## office tasks with the embedded model, beside other frameworks
	@sh scripts/bootstrap dev
	$(BIN)/python -m benchmarks.office_tasks $(ARGS)

bench-chaos: ## kill workers at every named place and at random, on both stores; fails when anything is lost or doubled
	@sh scripts/bootstrap dev
	$(BIN)/python -m benchmarks.chaos --store sqlite --kills 150 --seconds 300 $(ARGS)
	$(BIN)/python -m benchmarks.chaos --store postgresql --kills 75 --seconds 200 $(ARGS)

lock: ## write the locks from pyproject.toml (ARGS=--upgrade for the newest versions)
	@sh scripts/bootstrap dev
	sh scripts/lock $(ARGS)

clean: ## remove the environment and what builds and checks left behind
	rm -rf .venv .links .cache build dist .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis
