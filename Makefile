# Everything a person or CI does here. `make` lists the targets.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
# The pinned Node 24 (npm package `node`) and the tools of this checkout come first.
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z][a-z-]*:.*## ' $(MAKEFILE_LIST) | sort | awk 'BEGIN {FS = ":.*## "} {printf "  \033[1m%-18s\033[0m %s\n", $$1, $$2}'

node_modules/.installed: package-lock.json
# Not `npm ci`: it refuses the lock file where a registry lacks one platform's optional binary that this machine never uses.
	@npm install --no-save --no-fund --no-audit --loglevel=error
	@touch $@

.PHONY: setup
setup: node_modules/.installed ## Install what the other targets need (npm packages, Node 24 among them)

.PHONY: demo
demo: setup ## Run the hybrid example here, on real data
	@node --conditions=kfp-ts-source examples/hybrid/main.ts

.PHONY: build
build: setup ## Build the npm package into dist/
	@node scripts/build.ts

.PHONY: typecheck
typecheck: setup ## Check the types, the pure folders under their own rules
	@tsc -p tsconfig.pure.json
	@tsc -p tsconfig.json

.PHONY: lint
lint: setup ## Check format and lint
	@biome check --error-on-warnings .

.PHONY: unit
unit: setup ## Unit, golden, type, property and example tests (no network, no Python)
	@vitest run --project unit

.PHONY: test-python
test-python: setup ## Conformance by running, differential tests against kfp.local (PyPI; installs Python where there is none)
	@scripts/ensure-python.sh
	@vitest run --project python

.PHONY: test-servers
test-servers: setup ## kfp and mlflow clients against our server, Postgres, S3 (installs what it needs)
	@scripts/ensure-python.sh
	@vitest run --project servers

.PHONY: test
test: setup typecheck lint verify unit test-python ## Set up and pass the tests that need no root and no cluster

.PHONY: generate
generate: setup ## Regenerate everything that is generated (schemas, components, CRDs, reference tables)
	@node --conditions=kfp-ts-source scripts/generate.ts

.PHONY: verify
verify: setup ## Regenerate in memory and fail on any difference with what is committed
	@node --conditions=kfp-ts-source scripts/generate.ts --check

.PHONY: bench-server
bench-server: setup ## Lists, searches and pages over 100,000 runs; log_batch beside mlflow server (ARGS="--database postgres --runs 1000000")
	@node test/bench-server.ts $(ARGS)

.PHONY: bench-size
bench-size: setup ## Bytes of database that a run and a task take, on SQLite and Postgres (ARGS="--runs 400")
	@node --conditions=kfp-ts-source test/bench-size.ts $(ARGS)

.PHONY: bench
bench: setup ## Print our times beside kfp's, scikit-learn's and the bare processes', from one run
	@node --conditions=kfp-ts-source scripts/bench.ts

.PHONY: clean
clean: ## Remove what was built (not the caches outside the checkout)
	@rm -rf dist node_modules/.installed .kfp-ts

-include test/cluster/cluster.mk
