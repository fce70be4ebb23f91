#!/usr/bin/env bash
# Simulated nodes for tests of scale: kwok plays kubelets of nodes labelled type=kwok; their pods succeed by themselves.
#   simulated-nodes.sh up [COUNT] | down
set -euo pipefail
FOLDER=$(cd "$(dirname "$0")" && pwd)
source "$FOLDER/lib.sh"
source "$FOLDER/settings.sh"
load_settings

nodes() {
  local index
  for index in $(seq "$1"); do
    cat <<YAML
---
apiVersion: v1
kind: Node
metadata:
  name: kwok-$index
  labels: {type: kwok, kubernetes.io/hostname: kwok-$index}
  annotations: {kwok.x-k8s.io/node: fake}
spec:
  taints: [{key: kwok.x-k8s.io/node, value: fake, effect: NoSchedule}]
status:
  allocatable: {cpu: "64", memory: 256Gi, pods: "2000"}
  capacity: {cpu: "64", memory: 256Gi, pods: "2000"}
YAML
  done
}

case ${1:-up} in
  up)
    "$FOLDER/build-binaries.sh" kwok
    nodes "${2:-5}" | kubectl apply -f - >/dev/null
    start kwok "$BINARIES/kwok" --kubeconfig "$KUBECONFIG_FILE" --manage-all-nodes=false \
      --manage-nodes-with-label-selector type=kwok --config "$FOLDER/simulated-nodes.yaml"
    say "${2:-5} simulated nodes"
    ;;
  down)
    stop kwok
    kubectl delete nodes -l type=kwok --wait=false >/dev/null
    ;;
esac
