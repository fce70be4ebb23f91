#!/usr/bin/env bash
# The same cluster on a machine with a Docker engine: kind, with the images of build-images.sh loaded into its node.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
command -v kind >/dev/null || fail 'a Docker engine answers, but the program kind is missing: install it'
"$CLUSTER_FOLDER/packages.sh"
"$CLUSTER_FOLDER/build-images.sh" small steps
mkdir -p "$STATE/volumes"
if ! kind get clusters 2>/dev/null | grep -qx kfp-ts; then
  printf 'kind: Cluster\napiVersion: kind.x-k8s.io/v1alpha4\nnodes: [{role: control-plane, extraMounts: [{hostPath: %s, containerPath: %s}]}]\n' \
    "$STATE" "$STATE" | kind create cluster --name kfp-ts --config - >&2
fi
kind get kubeconfig --name kfp-ts >"$KUBECONFIG_FILE"
# Where pods reach servers of the tests on this machine.
docker network inspect kind --format '{{range .IPAM.Config}}{{println .Gateway}}{{end}}' | grep -m1 '\.' >"$STATE/host-address"
for name in small steps; do kind load image-archive --name kfp-ts "$IMAGES/$name.tar" >&2; done
say "ready: export KUBECONFIG=$KUBECONFIG_FILE"
echo "$KUBECONFIG_FILE"
