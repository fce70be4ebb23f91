# What one cluster is: names, addresses and ports, chosen once and kept in its state folder. Sourced after lib.sh.

NODE_NAME=kfp-ts-node
BRIDGE=kfpts0
POD_SUBNET=10.88.0.0/16
# The bridge's own address: the kubelet listens there, and pods reach servers of the tests there.
NODE_ADDRESS=10.88.0.1
CERTS=$STATE/certs
CONTAINERD_SOCKET=$STATE/containerd.sock

# load_settings: reads the ports of a running cluster, or picks free ones.
load_settings() {
  mkdir -p "$STATE" "$LOGS" "$PIDS"
  if [ ! -f "$STATE/ports" ]; then
    local name
    for name in ETCD_PORT ETCD_PEER_PORT API_PORT CONTROLLER_MANAGER_PORT SCHEDULER_PORT KUBELET_PORT KUBELET_HEALTH_PORT; do
      echo "$name=$(free_port)"
    done >"$STATE/ports"
  fi
  source "$STATE/ports"
}
