# Ends nodes: with grace (their containers, containerd, mounts and cgroups) or as a machine that loses power. Sourced.

# remove_node NAME: nothing of it stays but its folder.
remove_node() {
  use_node "$1"
  stop "kubelet$NODE_SUFFIX"
  remove_containers
  stop "containerd$NODE_SUFFIX"
  end_shims
  unmount_below "$NODE_FOLDER"
  find /sys/fs/cgroup -depth -type d -path "*$CGROUP_ROOT/*" -exec rmdir {} \; 2>/dev/null || true
  find /sys/fs/cgroup -maxdepth 2 -type d -path "*$CGROUP_ROOT" -exec rmdir {} \; 2>/dev/null || true
}

# kill_node NAME: kubelet, containerd and every container at once; the cluster is told nothing.
kill_node() {
  use_node "$1"
  stop "kubelet$NODE_SUFFIX" KILL
  stop "containerd$NODE_SUFFIX" KILL
  end_shims
  find /sys/fs/cgroup -path "*$CGROUP_ROOT/*" -name cgroup.procs -exec cat {} + 2>/dev/null | sort -u | while read -r process; do
    kill -KILL "$process" 2>/dev/null || true
  done
}

# While containerd can still end them: their processes are children of its shims.
remove_containers() {
  is_running "containerd$NODE_SUFFIX" || return 0
  local task
  for task in $(ctr --address "$CONTAINERD_SOCKET" -n k8s.io tasks ls -q 2>/dev/null); do
    ctr --address "$CONTAINERD_SOCKET" -n k8s.io tasks rm -f "$task" >/dev/null 2>&1 || true
  done
  for task in $(ctr --address "$CONTAINERD_SOCKET" -n k8s.io containers ls -q 2>/dev/null); do
    ctr --address "$CONTAINERD_SOCKET" -n k8s.io containers rm "$task" >/dev/null 2>&1 || true
  done
}

# Shims outlive containerd on purpose; those of this node carry its socket in their command line.
end_shims() {
  local process
  for process in /proc/[0-9]*; do
    if tr '\0' ' ' 2>/dev/null <"$process/cmdline" | grep -q "^/usr/bin/containerd-shim.*-address $CONTAINERD_SOCKET"; then
      kill -KILL "${process#/proc/}" 2>/dev/null || true
    fi
  done
}

unmount_below() {
  local point
  for _ in 1 2 3; do
    awk -v folder="$1/" 'index($2, folder) == 1 { print $2 }' /proc/mounts | sort -r | while read -r point; do
      umount -l "$point" 2>/dev/null || true
    done
  done
}
