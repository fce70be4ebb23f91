#!/usr/bin/env bash
# `make cluster-down`: ends exactly what up.sh started and removes everything it made (the cache stays).
set -euo pipefail
FOLDER=$(cd "$(dirname "$0")" && pwd)
source "$FOLDER/lib.sh"
source "$FOLDER/settings.sh"

if docker_answers; then exec "$FOLDER/kind-down.sh"; fi
[ -d "$STATE" ] || { say 'no cluster here'; exit 0; }

# Containers first, while containerd can still end them: their processes are children of its shims.
remove_containers() {
  is_running containerd || return 0
  local task
  for task in $(ctr --address "$CONTAINERD_SOCKET" -n k8s.io tasks ls -q 2>/dev/null); do
    ctr --address "$CONTAINERD_SOCKET" -n k8s.io tasks rm -f "$task" >/dev/null 2>&1 || true
  done
  for task in $(ctr --address "$CONTAINERD_SOCKET" -n k8s.io containers ls -q 2>/dev/null); do
    ctr --address "$CONTAINERD_SOCKET" -n k8s.io containers rm "$task" >/dev/null 2>&1 || true
  done
}

# Shims outlive containerd on purpose; those of this cluster carry its socket in their command line.
end_shims() {
  local process
  for process in /proc/[0-9]*; do
    if tr '\0' ' ' <"$process/cmdline" 2>/dev/null | grep -q "^/usr/bin/containerd-shim.*-address $CONTAINERD_SOCKET"; then
      kill -KILL "${process#/proc/}" 2>/dev/null || true
    fi
  done
}

unmount_all() {
  local point
  for _ in 1 2 3; do
    awk -v state="$STATE/" 'index($2, state) == 1 { print $2 }' /proc/mounts | sort -r | while read -r point; do
      umount -l "$point" 2>/dev/null || true
    done
  done
}

remove_network_and_groups() {
  local space
  ip link del "$BRIDGE" 2>/dev/null || true
  if [ -f "$STATE/netns-before" ]; then
    for space in $(ip netns list 2>/dev/null | cut -d' ' -f1 | grep '^cni-'); do
      grep -qx "$space" "$STATE/netns-before" || ip netns del "$space" 2>/dev/null || true
    done
  fi
  find /sys/fs/cgroup -depth -type d -path '*/kubepods*' -exec rmdir {} \; 2>/dev/null || true
}

# Tests and benchmarks record their own servers (kwok, S3) here too; they end first.
for name in $(ls "$PIDS" 2>/dev/null | grep -vE '^(etcd|apiserver|controller-manager|scheduler|containerd|kubelet)$'); do
  stop "$name"
done
stop kubelet
remove_containers
stop containerd
end_shims
for name in scheduler controller-manager apiserver etcd; do stop "$name"; done
unmount_all
remove_network_and_groups
rm -rf "$STATE"
say 'the cluster is gone'
