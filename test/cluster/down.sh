#!/usr/bin/env bash
# `make cluster-down`: ends exactly what up.sh started and removes everything it made (the cache stays).
set -euo pipefail
FOLDER=$(cd "$(dirname "$0")" && pwd)
source "$FOLDER/lib.sh"
source "$FOLDER/settings.sh"
source "$FOLDER/nodes.sh"

if docker_answers; then exec "$FOLDER/kind-down.sh"; fi
one_at_a_time
[ -f "$STATE/ports" ] || { say 'no cluster here'; exit 0; }
load_settings

remove_network() {
  local space
  # Before the bridge, which tells whose they are: those of pods that were killed with their node.
  for space in $(ip -o link show master "$BRIDGE" 2>/dev/null | grep -o 'link-netns cni-[^ ]*' | cut -d' ' -f2); do
    ip netns del "$space" 2>/dev/null || true
  done
  ip link del "$BRIDGE" 2>/dev/null || true
  iptables -t nat -S PREROUTING 2>/dev/null | { grep -- "-i $BRIDGE " || true; } | sed 's/^-A/-D/' | while read -r rule; do
    # shellcheck disable=SC2086 # the words of a rule
    iptables -t nat $rule 2>/dev/null || true
  done
}

# Tests and benchmarks record their own servers (kwok, S3) here too; they end first.
for name in $(ls "$PIDS" 2>/dev/null | grep -vE '^(etcd|apiserver|controller-manager|scheduler|(containerd|kubelet)(-.*)?)$'); do
  stop "$name"
done
for folder in "$STATE"/nodes/*/; do
  [ ! -d "$folder" ] || remove_node "$(basename "$folder")"
done
remove_node kfp-ts-node
for name in scheduler controller-manager apiserver etcd; do stop "$name"; done
unmount_below "$STATE"
remove_network
rm -rf "$STATE"
say 'the cluster is gone'
