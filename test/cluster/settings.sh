# What one cluster is: names, addresses and ports, chosen once and kept in its state folder. Sourced after lib.sh.

CERTS=$STATE/certs
DEFAULT_STATE=/tmp/kfp-ts-cluster

# load_settings: reads what a cluster chose when it was made, or chooses. Clusters of several state folders run side by
# side: each has its own bridge, subnets, cgroup and ports. The default one has number 0, so 10.88.0.1.
load_settings() {
  mkdir -p "$STATE" "$LOGS" "$PIDS"
  NUMBER=0
  API_HOST=127.0.0.1
  if [ ! -f "$STATE/ports" ]; then
    choose_settings >"$STATE/ports.new"
    mv "$STATE/ports.new" "$STATE/ports"
  fi
  source "$STATE/ports"
  BRIDGE=kfpts$NUMBER
  # The bridge's own address: pods reach servers of the tests there.
  BRIDGE_ADDRESS=10.$((88 + NUMBER)).0.1
  BRIDGE_MAC=02:00:0a:$(printf %02x $((88 + NUMBER))):00:01
  POD_SUBNET=10.$((88 + NUMBER)).0.0/16
  # Addresses below are of nodes.
  FIRST_POD_ADDRESS=10.$((88 + NUMBER)).1.0
  SERVICE_SUBNET=10.$((96 + NUMBER)).0.0/16
  API_SERVICE_ADDRESS=10.$((96 + NUMBER)).0.1
  use_node kfp-ts-node
}

choose_settings() {
  local name number
  number=$(claim_number)
  echo "NUMBER=$number"
  # Where pods can reach it too.
  echo "API_HOST=10.$((88 + number)).0.1"
  for name in ETCD_PORT ETCD_PEER_PORT API_PORT CONTROLLER_MANAGER_PORT SCHEDULER_PORT KUBELET_PORT; do
    echo "$name=$(free_port)"
  done
}

# The bridge that could be made is the number that is ours.
claim_number() {
  local number
  if [ "$STATE" = "$DEFAULT_STATE" ]; then
    echo 0
    return
  fi
  for number in 1 2 3 4 5 6 7; do
    if ip link add "kfpts$number" type bridge 2>/dev/null; then
      echo "$number"
      return
    fi
  done
  fail 'seven clusters beside the default one are up (or making a bridge needs root): end one with "make cluster-down"'
}

# use_node NAME: which node the functions of components.sh start next. The first one lives in the state folder itself and
# has the bridge's address; node-2 and so on have a folder and an address of their own.
use_node() {
  NODE_NAME=$1
  case $1 in
    kfp-ts-node)
      NODE_INDEX=1
      NODE_FOLDER=$STATE
      NODE_SUFFIX=
      ;;
    node-[2-9])
      NODE_INDEX=${1#node-}
      NODE_FOLDER=$STATE/nodes/$1
      NODE_SUFFIX=-$1
      ;;
    *) fail "no such node: $1 (further ones are node-2 to node-9)" ;;
  esac
  NODE_ADDRESS=10.$((88 + NUMBER)).0.$NODE_INDEX
  CONTAINERD_SOCKET=$NODE_FOLDER/containerd.sock
  # Kubelets of one machine must not take each other's pods for leftovers of their own.
  CGROUP_ROOT=/$BRIDGE$NODE_SUFFIX
}
