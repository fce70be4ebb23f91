#!/usr/bin/env bash
# Stops or starts one part of a running cluster, for tests of outages:  restart.sh stop|start apiserver|etcd|kubelet|...
set -euo pipefail
FOLDER=$(cd "$(dirname "$0")" && pwd)
source "$FOLDER/lib.sh"
source "$FOLDER/settings.sh"
source "$FOLDER/components.sh"
load_settings
case $1 in
  stop) stop "$2" "${3:-TERM}" ;;
  start)
    "start_${2//-/_}"
    [ "$2" = kubelet ] || wait_for 60 'the API server is ready' "$LOGS/apiserver.log" kubectl get --raw /readyz
    ;;
esac
