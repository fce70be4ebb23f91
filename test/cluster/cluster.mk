# The cluster for tests; included by the Makefile at the root.
.PHONY: cluster-up cluster-down test-cluster bench-cluster

cluster-up: ## a Kubernetes cluster for tests: kind where Docker is, else real components built from source (cached)
	test/cluster/up.sh

cluster-down: ## ends the cluster and removes everything it made (the cache stays)
	test/cluster/down.sh

test-cluster: cluster-up ## tests that need the cluster
	node_modules/node/bin/node node_modules/vitest/vitest.mjs run --project cluster
	node_modules/node/bin/node node_modules/vitest/vitest.mjs run --project cluster-disruptive

bench-cluster: cluster-up ## measures runs, latencies and sizes on the cluster
	node_modules/node/bin/node test/cluster/bench/main.ts
