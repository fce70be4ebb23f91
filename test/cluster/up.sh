#!/usr/bin/env bash
# `make cluster-up`: a Kubernetes cluster for tests. With a Docker engine through kind; else from its real components.
# Harmless when it runs already. Writes the path of a kubeconfig to standard output.
set -euo pipefail
FOLDER=$(cd "$(dirname "$0")" && pwd)
source "$FOLDER/lib.sh"
source "$FOLDER/settings.sh"
source "$FOLDER/certificates.sh"
source "$FOLDER/components.sh"

if docker_answers; then exec "$FOLDER/kind-up.sh"; fi
[ "$(id -u)" = 0 ] || fail 'this machine has no Docker engine, and starting a kubelet needs root: run it as root, or start Docker'

load_images() {
  local name
  for name in pause small steps; do
    [ -f "$STATE/.loaded-$name" ] && continue
    say "loading the image archive $name"
    ctr --address "$CONTAINERD_SOCKET" -n k8s.io images import "$IMAGES/$name.tar" >"$LOGS/import-$name.log" 2>&1 ||
      fail "the image archive $name" "$LOGS/import-$name.log"
    touch "$STATE/.loaded-$name"
  done
}

make_bridge() {
  [ -f "$STATE/netns-before" ] || ip netns list 2>/dev/null | cut -d" " -f1 >"$STATE/netns-before"
  ip link show "$BRIDGE" >/dev/null 2>&1 || ip link add "$BRIDGE" type bridge
  ip addr replace "$NODE_ADDRESS/16" dev "$BRIDGE"
  ip link set "$BRIDGE" up
}

node_is_ready() { kubectl get node "$NODE_NAME" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' | grep -q True; }

main() {
  "$FOLDER/packages.sh"
  "$FOLDER/build-binaries.sh"
  "$FOLDER/build-images.sh"
  load_settings
  make_certificates
  make_bridge
  write_kubeconfig "$KUBECONFIG_FILE" admin
  local name
  for name in controller-manager scheduler kubelet; do write_kubeconfig "$STATE/$name.kubeconfig" "$name"; done
  start_etcd
  start_containerd
  start_apiserver
  wait_for 30 'containerd answers' "$LOGS/containerd.log" ctr --address "$CONTAINERD_SOCKET" version
  load_images
  wait_for 60 'the API server is ready' "$LOGS/apiserver.log" kubectl get --raw /readyz
  start_controller_manager
  start_scheduler
  start_kubelet
  wait_for 60 'the node is ready' "$LOGS/kubelet.log" node_is_ready
  wait_for 30 'the default service account is there' "$LOGS/controller-manager.log" kubectl get serviceaccount default
  say "ready: export KUBECONFIG=$KUBECONFIG_FILE"
  echo "$KUBECONFIG_FILE"
}
main
