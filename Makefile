.DEFAULT_GOAL := help
.PHONY: help setup up down compose-up compose-down test lint bench
SVCLAB := .venv/bin/svclab
export SVCLAB_CLUSTER := $(or $(CLUSTER),svclab)

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 22

setup: ## make .venv and install what is missing
	@scripts/setup

up: setup ## start a 3-node cluster with an example in it, and show it working
	@$(SVCLAB) status 2>/dev/null | grep -q '(Running' || $(SVCLAB) up --nodes 3
	@.venv/bin/python examples/quickstart.py

down: ## stop the cluster; its state is kept
	@$(SVCLAB) down

compose-up: ## start a cluster in containers, with docker compose
	@scripts/setup docker
	@compose/up

compose-down: ## stop the cluster in containers; its state is kept
	@compose/down

test: ## run every test that this machine can run
	@scripts/setup dev
	@.venv/bin/python -m pytest $(PYTEST_ARGS)

lint: ## check style and types
	@scripts/setup dev
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

bench: ## measure and print the project's figures
	@scripts/setup dev
	@.venv/bin/python -m bench
