# The environment is .venv in this folder; every command below makes it first where it is missing or out of date.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
BIN := .venv/bin

.PHONY: help setup demo dev check test coverage lint lint-python lint-sql bench clean

help:
	@echo 'make setup     the environment .venv, from requirements.lock'
	@echo 'make demo      embedded servers, a made-up operator, one nightly run, the Customer Dynamics report'
	@echo 'make dev       the Dagster UI on the same data, until Ctrl-C'
	@echo 'make check     style, types, SQL and the tests that need no server'
	@echo 'make test      everything that checks the project'
	@echo 'make coverage  the tests, and the lines they leave out; half as long again'
	@echo 'make lint      style, types and SQL only'
	@echo 'make bench     what is fast, against whom'
	@echo 'make clean     remove the environment and caches; databases in .subdyn stay'

setup:
	@.ci/setup

demo: setup
	@$(BIN)/subdyn demo

dev: setup
	@$(BIN)/subdyn up

lint: setup
	@$(MAKE) --jobs 2 --output-sync=target lint-python lint-sql

lint-python:
	@echo 'lint: ruff' && $(BIN)/ruff check . && $(BIN)/ruff format --check .
	@echo 'lint: imports' && output=$$($(BIN)/lint-imports --no-cache 2>&1) || { echo "$$output"; exit 1; }
	@echo 'lint: pyright' && $(BIN)/pyright

lint-sql:
	@echo 'lint: sqlfluff' && $(BIN)/python .ci/lint_sql.py

check: lint
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile tests/unit

test: lint
	@# in the order that tests/conftest.py gives: the longest group first, so that the workers end together
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder

coverage: setup
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --cov

bench: setup
	@$(BIN)/python -m benchmarks

clean:
	@rm -rf .venv .coverage build ./*.egg-info .pytest_cache .ruff_cache .hypothesis dbt_project/target dbt_project/logs
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
	@echo 'clean: done; the databases of demo and dev stay in .subdyn, remove that folder to be rid of them'
