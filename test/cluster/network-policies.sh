#!/usr/bin/env bash
# Enforces the NetworkPolicies of a running cluster, or ends that:  network-policies.sh start|stop
# Only for the tests that ask for it: rules of packet filtering are the machine's, so one cluster at a time has them, and
# another one that asks waits. A kind cluster enforces them by itself.
set -euo pipefail
FOLDER=$(cd "$(dirname "$0")" && pwd)
source "$FOLDER/lib.sh"
source "$FOLDER/settings.sh"
docker_answers && exit 0
load_settings
log=$LOGS/network-policies.log

start_enforcing() {
  command -v ipset >/dev/null || {
    apt-get install -y --no-install-recommends ipset >"$log" 2>&1 || fail 'apt-get install ipset' "$log"
  }
  "$FOLDER/build-binaries.sh" network-policies
  # Pods of one bridge reach each other past the machine's rules unless this says otherwise.
  echo 1 >/proc/sys/net/bridge/bridge-nf-call-iptables || fail 'this kernel does not filter packets of a bridge'
  # The process keeps the file open, and with it the lock, until it ends.
  exec 9>"$CACHE/network-policies.lock"
  flock -w 300 9 || fail 'another cluster enforces its NetworkPolicies for more than 300 s'
  start network-policies "$BINARIES/network-policies" --kubeconfig "$KUBECONFIG_FILE" --hostname-override "$NODE_NAME" \
    --service-cluster-ip-range "$SERVICE_SUBNET"
}

case $1 in
  start) start_enforcing ;;
  stop) stop network-policies ;;
  *) fail "$1 is none of start, stop" ;;
esac
