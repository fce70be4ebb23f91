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

# Harmless when it is there. Pods find the API server at the address of its Service, as in any cluster: one rule does here
# what kube-proxy does for all Services there.
make_network() {
  local rule=(PREROUTING -i "$BRIDGE" -d "$API_SERVICE_ADDRESS" -p tcp --dport 443
    -j DNAT --to-destination "$API_HOST:$API_PORT")
  ip link show "$BRIDGE" >/dev/null 2>&1 || ip link add "$BRIDGE" type bridge
  # Without an address of its own a bridge takes the lowest of its ports, so another whenever a pod comes or goes: connections
  # of pods to this machine then hang for up to two minutes, until their idea of the old one has expired.
  ip link set "$BRIDGE" address "$BRIDGE_MAC"
  ip addr replace "$BRIDGE_ADDRESS/16" dev "$BRIDGE"
  ip link set "$BRIDGE" up
  iptables -t nat -C "${rule[@]}" 2>/dev/null || iptables -t nat -A "${rule[@]}"
}

main() {
  one_at_a_time
  "$FOLDER/packages.sh"
  "$FOLDER/build-binaries.sh"
  "$FOLDER/build-images.sh"
  load_settings
  make_certificates
  make_network
  echo "$BRIDGE_ADDRESS" >"$STATE/host-address"
  write_kubeconfig "$KUBECONFIG_FILE" admin
  local name
  for name in controller-manager scheduler kubelet; do write_kubeconfig "$STATE/$name.kubeconfig" "$name"; done
  start_etcd
  start_containerd
  start_apiserver
  wait_for 30 'containerd answers' "$LOGS/containerd.log" ctr --address "$CONTAINERD_SOCKET" version
  load_images pause small steps
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
