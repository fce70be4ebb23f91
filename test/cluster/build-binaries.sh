#!/usr/bin/env bash
# Builds the Kubernetes components, etcd and the test servers from their Go modules, once a version, into the cache.
#   build-binaries.sh [base|kwok|versitygw|network-policies]...      (default: base, what a cluster needs)
set -euo pipefail
source "$(dirname "$0")/lib.sh"

BUILD=$CACHE/build
mkdir -p "$BINARIES" "$BUILD" "$CACHE/logs"
# One build at a time on a machine.
exec 9>"$BUILD/.lock"
flock 9

# build NAME VERSION MODULE_FOLDER PACKAGE [LDFLAGS]: skips when the stamp of this version is there.
build() {
  local name=$1 version=$2 folder=$3 package=$4 flags=${5:-}
  local stamp=$BINARIES/.$name-$version
  [ -x "$BINARIES/$name" ] && [ -f "$stamp" ] && return
  say "building $name $version"
  local log=$CACHE/logs/build-$name.log
  (cd "$folder" && GOFLAGS=-mod=mod GOTOOLCHAIN=local CGO_ENABLED=0 \
    nice -n 10 go build -trimpath -ldflags "-s -w $flags" -o "$BINARIES/$name.new" "$package") >"$log" 2>&1 ||
    fail "go build $package" "$log"
  mv "$BINARIES/$name.new" "$BINARIES/$name"
  rm -f "$BINARIES/.$name-"*
  touch "$stamp"
}

# module NAME REQUIREMENT...: an empty module that requires one released module.
module() {
  local folder=$BUILD/$1
  mkdir -p "$folder"
  if [ ! -f "$folder/go.mod" ]; then
    printf 'module kfp-ts.dev/cluster/%s\n\ngo 1.24.0\n\nrequire %s %s\n' "$1" "$2" "$3" >"$folder/go.mod"
    "${@:4}"
  fi
}

# Kubernetes' own go.mod replaces its staging modules by folders that the published module lacks; released
# versions of the same modules take their place.
replace_staging_modules() {
  local source
  source=$(cd "$BUILD/kubernetes" && GOFLAGS=-mod=mod go mod download -json "k8s.io/kubernetes@$KUBERNETES_VERSION" |
    sed -n 's/.*"GoMod": "\(.*\)".*/\1/p')
  {
    echo
    echo 'replace ('
    sed -n "s#^\s*\(k8s.io/[a-z-]*\) => ./staging/.*#\t\1 => \1 $KUBERNETES_LIBRARY_VERSION#p" "$source"
    echo ')'
  } >>"$BUILD/kubernetes/go.mod"
}

base() {
  module etcd go.etcd.io/etcd/server/v3 "$ETCD_VERSION"
  build etcd "$ETCD_VERSION" "$BUILD/etcd" go.etcd.io/etcd/server/v3
  module kubernetes k8s.io/kubernetes "$KUBERNETES_VERSION" replace_staging_modules
  local version="-X k8s.io/component-base/version.gitVersion=$KUBERNETES_VERSION"
  local component
  for component in kube-apiserver kubectl kubelet kube-controller-manager kube-scheduler; do
    build "$component" "$KUBERNETES_VERSION" "$BUILD/kubernetes" "k8s.io/kubernetes/cmd/$component" "$version"
  done
  own pause 1
}

# own NAME VERSION: a program of this folder; raise the version when it changes.
own() {
  mkdir -p "$BUILD/$1"
  cp "$CLUSTER_FOLDER/$1/main.go" "$CLUSTER_FOLDER/$1/go.mod" "$BUILD/$1/"
  build "$1" "$2" "$BUILD/$1" .
}

kwok() {
  module kwok sigs.k8s.io/kwok "$KWOK_VERSION"
  build kwok "$KWOK_VERSION" "$BUILD/kwok" sigs.k8s.io/kwok/cmd/kwok
}

versitygw() {
  module versitygw github.com/versity/versitygw "$VERSITYGW_VERSION"
  build versitygw "$VERSITYGW_VERSION" "$BUILD/versitygw" github.com/versity/versitygw/cmd/versitygw
}

network-policies() { own network-policies 1; }

for group in "${@:-base}"; do "$group"; done
say 'binaries are there'
