# Shared by every script of this folder: places, versions, progress lines and waiting. Sourced, never run.

KUBERNETES_VERSION=v1.34.4
KUBERNETES_LIBRARY_VERSION=v0.34.4
ETCD_VERSION=v3.6.16
KWOK_VERSION=v0.8.0
VERSITYGW_VERSION=v1.8.0

CLUSTER_FOLDER=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
REPOSITORY=$(cd "$CLUSTER_FOLDER/../.." && pwd)
CACHE=${XDG_CACHE_HOME:-$HOME/.cache}/kfp-ts/cluster
BINARIES=$CACHE/bin
IMAGES=$CACHE/images
# One cluster per state folder: two checkouts can run theirs side by side by setting another one.
STATE=${KFP_TS_CLUSTER_STATE:-/tmp/kfp-ts-cluster}
LOGS=$STATE/logs
PIDS=$STATE/pids
KUBECONFIG_FILE=$STATE/kubeconfig

STARTED_AT=${STARTED_AT:-$(date +%s)}
export STARTED_AT

say() { printf '[cluster %4ds] %s\n' "$(($(date +%s) - STARTED_AT))" "$*" >&2; }

# fail MESSAGE [LOG]: says what is wrong and shows the end of the log that explains it.
fail() {
  say "FAILED: $1"
  if [ -n "${2:-}" ] && [ -f "$2" ]; then
    say "the last 30 lines of $2:"
    tail -n 30 "$2" >&2
  fi
  exit 1
}

# wait_for SECONDS WHAT LOG COMMAND...: polls a condition, gives up with the log's tail.
wait_for() {
  local seconds=$1 what=$2 log=$3
  shift 3
  local deadline=$(($(date +%s) + seconds))
  until "$@" >/dev/null 2>&1; do
    [ "$(date +%s)" -lt "$deadline" ] || fail "$what: not there after $seconds s" "$log"
    sleep 0.2
  done
  say "$what"
}

# start NAME COMMAND...: a background process with its log, and its pid where down.sh finds it.
start() {
  local name=$1
  shift
  if is_running "$name"; then
    say "$name runs already (pid $(cat "$PIDS/$name"))"
    return
  fi
  # 9 is the lock of up.sh and down.sh: what they start must not keep it.
  setsid "$@" >"$LOGS/$name.log" 2>&1 </dev/null 9>&- &
  record_pid "$name" $!
}

# The start time beside the pid tells a process of ours from a later one that got the same number.
record_pid() { echo "$2 $(start_time "$2")" >"$PIDS/$1"; }
start_time() { sed 's/.*) //' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

is_running() {
  local pid started
  [ -f "$PIDS/$1" ] || return 1
  read -r pid started <"$PIDS/$1" || return 1
  [ -n "$started" ] && [ "$(start_time "$pid")" = "$started" ]
}

# stop NAME [SIGNAL]: ends exactly the process that start recorded, and waits for its end.
stop() {
  local name=$1 signal=${2:-TERM} pid
  if is_running "$name"; then
    read -r pid _ <"$PIDS/$name"
    kill "-$signal" "$pid" 2>/dev/null || true
    for _ in $(seq 50); do
      is_running "$name" || break
      sleep 0.1
    done
    if is_running "$name"; then kill -KILL "$pid" 2>/dev/null || true; fi
    say "$name ended"
  fi
  rm -f "$PIDS/$name"
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# Starting a cluster while another process ends it leaves two halves that fight: one waits for the other.
one_at_a_time() {
  mkdir -p "$CACHE"
  exec 9>"$CACHE/$(basename "$STATE").lock"
  flock -n 9 && return
  say "waiting for another cluster-up or cluster-down of $STATE"
  flock 9
}

docker_answers() { command -v docker >/dev/null && docker info >/dev/null 2>&1; }

kubectl() { "$BINARIES/kubectl" --kubeconfig "$KUBECONFIG_FILE" "$@"; }
