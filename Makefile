# Every target sets up what it needs: prerequisites are make, git and Python >= 3.11.
SHELL := /bin/sh
.DEFAULT_GOAL := help

BIN := .venv/bin
TITANIUM := $(BIN)/titanium
PACKAGES := services slo dashboards alerts chaos workbench
COVERAGE_MIN ?= 85
PYTEST_ARGS ?=
ARGS ?=

##@ The two commands

.PHONY: verify
verify: setup ## set up, start, load, break, judge, take down (ARGS="--keep" leaves it running)
	$(TITANIUM) verify $(ARGS)

.PHONY: test
test: setup ## prove the parts: unit, contract, integration and live tests, coverage checked
	$(BIN)/pytest tests/unit tests/contract tests/integration tests/live $(PACKAGES:%=--cov=%) \
	  --cov-report=term:skip-covered --cov-fail-under=$(COVERAGE_MIN) $(PYTEST_ARGS)

##@ Checks

.PHONY: check
check: setup ## format, lint, types, import directions, generated files
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports
	scripts/check-generated

.PHONY: test-unit
test-unit: setup ## unit tests only (seconds)
	$(BIN)/pytest tests/unit $(PYTEST_ARGS)

.PHONY: test-contract
test-contract: setup ## contract tests only: generated artefacts against the real tools
	$(BIN)/pytest tests/contract $(PYTEST_ARGS)

.PHONY: test-integration
test-integration: setup ## integration tests only: real PostgreSQL and Valkey
	$(BIN)/pytest tests/integration $(PYTEST_ARGS)

.PHONY: test-live
test-live: setup ## live tests only: the whole local platform
	$(BIN)/pytest tests/live $(PYTEST_ARGS)

.PHONY: components
components: setup ## build Loki, Jaeger and Prometheus 3 into .titanium/bin (some minutes each, once)
	$(TITANIUM) components build

BUILT := $(CURDIR)/.titanium/bin
.PHONY: test-full
test-full: components ## what needs the optional components: traces, logs, and rules and dashboards again with Prometheus 3
	PROMETHEUS_BIN=$(BUILT)/prometheus PROMTOOL_BIN=$(BUILT)/promtool \
	  $(BIN)/pytest tests/live/full tests/live/dashboards tests/live/mesh/test_istio_dashboards.py \
	  tests/contract/slo/test_proof.py tests/contract/alerts tests/contract/k8s/test_monitoring.py \
	  tests/integration/slo -m "not gate_corpus and not causes" --no-cov $(PYTEST_ARGS)

.PHONY: test-alerts
test-alerts: setup ## make the cause of every alert that can be made here, and see it fire, arrive and end (12 minutes)
	$(BIN)/pytest tests/live/alerts -m "causes or not causes" --no-cov $(PYTEST_ARGS)

.PHONY: gate-corpus
gate-corpus: setup ## judge builds that are known to be good or bad; writes the result into docs/gate.md
	$(BIN)/pytest tests/live/gate_corpus -m gate_corpus --no-cov $(PYTEST_ARGS)

.PHONY: test-cluster
test-cluster: setup ## tests against the cluster that KUBECONFIG names (with Argo Rollouts); skipped without one
	$(BIN)/pytest tests/cluster -rs $(PYTEST_ARGS)

.PHONY: format
format: setup ## format and mend what the linter can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

##@ The local platform

.PHONY: up
up: setup ## start the platform; returns when its data is visible in Prometheus
	$(TITANIUM) up $(ARGS)

.PHONY: down
down: setup ## stop the platform; data, logs and evidence stay
	$(TITANIUM) down

.PHONY: status
status: setup ## show what runs, how often it was restarted, what it weighs
	$(TITANIUM) status $(ARGS)

.PHONY: load
load: setup ## put 100 requests/s on the running platform for 60 s (ARGS="--rate 20 ...")
	$(TITANIUM) load $(ARGS)

.PHONY: bench
bench: setup ## measure what the platform costs and holds; writes docs/performance.md
	$(TITANIUM) bench $(ARGS)

.PHONY: docs
docs: setup ## write the documentation and all runbooks as pages to .titanium/site; a broken link fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build

##@ Housekeeping

.PHONY: setup
setup: ## install uv and the locked dependencies into .venv, if they are not there
	@scripts/bootstrap

.PHONY: clean
clean: ## stop the platform, remove its state, .venv and caches
	@if [ -x $(TITANIUM) ]; then $(TITANIUM) down; fi
	@scripts/clean

.PHONY: help
help: ## show this list
	@awk 'BEGIN { FS = ":.*## "; print "usage: make TARGET" } \
	  /^##@ / { printf "\n%s\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  %-17s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
