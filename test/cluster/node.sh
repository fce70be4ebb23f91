#!/usr/bin/env bash
# A further node of a running cluster, with a containerd and a kubelet of its own, for tests that lose one:
#   node.sh add node-2 | kill node-2 | remove node-2
# It has the small images only. `kill` ends kubelet, containerd and containers at once, as a machine without power.
set -euo pipefail
FOLDER=$(cd "$(dirname "$0")" && pwd)
source "$FOLDER/lib.sh"
source "$FOLDER/settings.sh"
source "$FOLDER/certificates.sh"
source "$FOLDER/components.sh"
source "$FOLDER/nodes.sh"
docker_answers && fail 'further nodes are for clusters of real components, not for kind'
load_settings

add() {
  mkdir -p "$NODE_FOLDER"
  ip addr replace "$NODE_ADDRESS/16" dev "$BRIDGE"
  node_certificate
  write_kubeconfig "$STATE/kubelet$NODE_SUFFIX.kubeconfig" "kubelet$NODE_SUFFIX"
  start_containerd
  wait_for 30 "containerd of $NODE_NAME answers" "$LOGS/containerd$NODE_SUFFIX.log" ctr --address "$CONTAINERD_SOCKET" version
  load_images pause small
  start_kubelet
  wait_for 60 "$NODE_NAME is ready" "$LOGS/kubelet$NODE_SUFFIX.log" node_is_ready
}

remove() {
  remove_node "$1"
  kubectl delete node "$1" --ignore-not-found --wait=false >/dev/null
  ip addr del "$NODE_ADDRESS/16" dev "$BRIDGE" 2>/dev/null || true
  rm -rf "$NODE_FOLDER" "$STATE/kubelet$NODE_SUFFIX.kubeconfig"
}

[ "$2" != kfp-ts-node ] || fail 'kfp-ts-node is the cluster itself: down.sh ends it'
use_node "$2"
case $1 in
  add) add ;;
  kill) kill_node "$2" ;;
  remove) remove "$2" ;;
  *) fail "$1 is none of add, kill, remove" ;;
esac
