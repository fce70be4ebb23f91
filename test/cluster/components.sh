# Starts the parts of the cluster, one function a part; each is harmless when its part runs already. Sourced by up.sh
# and by tests that stop and start a part (restart.sh).

start_etcd() {
  start etcd "$BINARIES/etcd" --data-dir "$STATE/etcd" --unsafe-no-fsync --log-level warn \
    --listen-client-urls "http://127.0.0.1:$ETCD_PORT" --advertise-client-urls "http://127.0.0.1:$ETCD_PORT" \
    --listen-peer-urls "http://127.0.0.1:$ETCD_PEER_PORT" --initial-advertise-peer-urls "http://127.0.0.1:$ETCD_PEER_PORT" \
    --initial-cluster "default=http://127.0.0.1:$ETCD_PEER_PORT" --quota-backend-bytes 4294967296
}

start_apiserver() {
  start apiserver "$BINARIES/kube-apiserver" --etcd-servers "http://127.0.0.1:$ETCD_PORT" \
    --bind-address "$API_HOST" --advertise-address "$API_HOST" --secure-port "$API_PORT" \
    --tls-cert-file "$CERTS/apiserver.crt" --tls-private-key-file "$CERTS/apiserver.key" --client-ca-file "$CERTS/ca.crt" \
    --service-account-issuer https://kubernetes.default.svc --service-account-key-file "$CERTS/service-account.key" \
    --service-account-signing-key-file "$CERTS/service-account.key" --service-cluster-ip-range "$SERVICE_SUBNET" \
    --authorization-mode Node,RBAC --allow-privileged --event-ttl 10m --profiling=false \
    --kubelet-preferred-address-types InternalIP --kubelet-client-certificate "$CERTS/admin.crt" --kubelet-client-key "$CERTS/admin.key"
}

start_controller_manager() {
  start controller-manager "$BINARIES/kube-controller-manager" --kubeconfig "$STATE/controller-manager.kubeconfig" \
    --leader-elect=false --use-service-account-credentials --root-ca-file "$CERTS/ca.crt" --bind-address 127.0.0.1 \
    --secure-port "$CONTROLLER_MANAGER_PORT" --service-account-private-key-file "$CERTS/service-account.key" \
    --node-monitor-grace-period 10s --node-monitor-period 2s --kube-api-qps 100 --kube-api-burst 200 \
    --concurrent-gc-syncs 20
}

start_scheduler() {
  start scheduler "$BINARIES/kube-scheduler" --kubeconfig "$STATE/scheduler.kubeconfig" --leader-elect=false \
    --bind-address 127.0.0.1 --secure-port "$SCHEDULER_PORT" --kube-api-qps 200 --kube-api-burst 400
}

write_containerd_config() {
  mkdir -p "$NODE_FOLDER/containerd" "$NODE_FOLDER/cni"
  cat >"$NODE_FOLDER/containerd.toml" <<TOML
version = 2
root = "$NODE_FOLDER/containerd/root"
state = "$NODE_FOLDER/containerd/state"
[grpc]
  address = "$CONTAINERD_SOCKET"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "localhost/pause:1"
  # The machine may lack CAP_SYS_RESOURCE: lowering an OOM score would fail every pod.
  restrict_oom_score_adj = true
  # Streaming (kubectl exec) listens on loopback only.
  stream_server_address = "127.0.0.1"
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "overlayfs"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "$NODE_FOLDER/cni"
[plugins."io.containerd.internal.v1.opt"]
  path = "$NODE_FOLDER/containerd/opt"
TOML
  # A bridge without a way out: pods reach each other, this machine and service addresses, nothing else.
  cat >"$NODE_FOLDER/cni/10-bridge.conflist" <<JSON
{"cniVersion": "0.4.0", "name": "kfp-ts-$NUMBER", "plugins": [
  {"type": "bridge", "bridge": "$BRIDGE", "isGateway": true, "ipMasq": false,
   "ipam": {"type": "host-local", "dataDir": "$STATE/ipam", "routes": [{"dst": "$SERVICE_SUBNET"}],
            "ranges": [[{"subnet": "$POD_SUBNET", "rangeStart": "$FIRST_POD_ADDRESS", "gateway": "$BRIDGE_ADDRESS"}]]}},
  {"type": "loopback"}]}
JSON
}

start_containerd() {
  write_containerd_config
  start "containerd$NODE_SUFFIX" containerd --config "$NODE_FOLDER/containerd.toml"
}

# load_images NAME...: into the node's containerd, once.
load_images() {
  local name
  for name; do
    [ -f "$NODE_FOLDER/.loaded-$name" ] && continue
    say "loading the image archive $name into $NODE_NAME"
    ctr --address "$CONTAINERD_SOCKET" -n k8s.io images import "$IMAGES/$name.tar" >"$LOGS/import-$name.log" 2>&1 ||
      fail "the image archive $name" "$LOGS/import-$name.log"
    touch "$NODE_FOLDER/.loaded-$name"
  done
}

node_is_ready() { kubectl get node "$NODE_NAME" -o 'jsonpath={.status.conditions[?(@.type=="Ready")].status}' | grep -q True; }

write_kubelet_config() {
  cat >"$NODE_FOLDER/kubelet.yaml" <<YAML
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
failCgroupV1: false
cgroupDriver: cgroupfs
cgroupRoot: $CGROUP_ROOT
failSwapOn: false
resolvConf: /dev/null
serializeImagePulls: false
address: $NODE_ADDRESS
port: $KUBELET_PORT
readOnlyPort: 0
healthzPort: 0
containerRuntimeEndpoint: unix://$CONTAINERD_SOCKET
clusterDNS: []
clusterDomain: cluster.local
maxPods: 500
# Several pods start in the same second here; a real node's limits stay on pods, not on events. Not 0, which is said to be no
# limit: the kubelet hands it to its client, for which it means five a second, and events come minutes late.
eventRecordQPS: 1000
eventBurst: 2000
kubeAPIQPS: 100
kubeAPIBurst: 200
nodeStatusUpdateFrequency: 2s
evictionHard: {memory.available: 100Mi}
imageGCHighThresholdPercent: 100
localStorageCapacityIsolation: false
tlsCertFile: $CERTS/kubelet$NODE_SUFFIX.crt
tlsPrivateKeyFile: $CERTS/kubelet$NODE_SUFFIX.key
authentication: {anonymous: {enabled: false}, webhook: {enabled: false}, x509: {clientCAFile: $CERTS/ca.crt}}
authorization: {mode: AlwaysAllow}
volumePluginDir: $NODE_FOLDER/kubelet-plugins
podLogsDir: $NODE_FOLDER/pod-logs
YAML
}

# The kubelet makes groups below its root, but not the root.
make_cgroup_root() {
  local controller
  for controller in /sys/fs/cgroup/*/; do
    case $controller in */unified/) continue ;; esac
    mkdir -p "$controller$CGROUP_ROOT"
  done
  [ ! -f /sys/fs/cgroup/cgroup.controllers ] || mkdir -p "/sys/fs/cgroup$CGROUP_ROOT"
}

start_kubelet() {
  write_kubelet_config
  make_cgroup_root
  start "kubelet$NODE_SUFFIX" "$BINARIES/kubelet" --config "$NODE_FOLDER/kubelet.yaml" \
    --kubeconfig "$STATE/kubelet$NODE_SUFFIX.kubeconfig" --hostname-override "$NODE_NAME" --node-ip "$NODE_ADDRESS" \
    --root-dir "$NODE_FOLDER/kubelet" --cert-dir "$NODE_FOLDER/kubelet-certs"
}
