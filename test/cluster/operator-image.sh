#!/usr/bin/env bash
# The one image of kfp-ts, built from manifests/Containerfile by buildah and loaded into the running cluster:
#   operator-image.sh TAG...      (kfp-ts:TAG, one build for all; another tag stands for another version)
# Its base, node:24-slim, is made here under that name: Node, npm and a shell, since no image registry is reachable.
set -euo pipefail
FOLDER=$(cd "$(dirname "$0")" && pwd)
source "$FOLDER/lib.sh"
source "$FOLDER/settings.sh"
source "$FOLDER/archive.sh"
docker_answers || load_settings
exec 9>"$CACHE/operator-image.lock"
flock 9

STORAGE="--storage-driver overlay --root $CACHE/buildah --runroot $CACHE/buildah-run"
CONTEXT=$WORK/operator-context
log=$CACHE/logs/operator-image.log
command -v buildah >/dev/null || {
  apt-get install -y --no-install-recommends buildah >"$log" 2>&1 || fail 'apt-get install buildah' "$log"
}

# Package registries are reached as from this machine: with its certificates.
make_base() {
  local root=$WORK/node-base applet
  # shellcheck disable=SC2086 # words of an option list
  buildah $STORAGE images -q docker.io/library/node:24-slim >/dev/null 2>&1 && return
  say 'image node:24-slim: the base of the operator image'
  rm -rf "$root" && mkdir -p "$root/bin" "$root/tmp" "$root/root" "$root/etc/ssl/certs" "$root/usr/local/lib/node_modules"
  chmod 1777 "$root/tmp"
  node_into "$root" /usr/local/bin/node
  for applet in $(/bin/busybox --list); do ln -sf busybox "$root/bin/$applet"; done
  rm -f "$root/bin/busybox"
  cp /bin/busybox "$root/bin/busybox"
  mkdir -p "$root/usr/bin" && ln -sf /bin/env "$root/usr/bin/env"
  cp -a "$(dirname "$(dirname "$(readlink -f "$(command -v npm)")")")" "$root/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  cp -L /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/ca-certificates.crt"
  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  archive node-base "$root" '{"Env":["PATH=/usr/local/bin:/usr/bin:/bin","NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt"],"Cmd":["node"]}' \
    docker.io/library/node:24-slim
  # shellcheck disable=SC2086
  buildah $STORAGE pull -q "docker-archive:$IMAGES/node-base.tar" >"$log" 2>&1 || fail 'the base image' "$log"
  rm -rf "$root" "$IMAGES/node-base.tar"
}

build() {
  rm -rf "$CONTEXT" && mkdir -p "$CONTEXT/manifests"
  (cd "$REPOSITORY" && PATH=$PWD/node_modules/.bin:$PATH node scripts/build.ts) >"$log" 2>&1 || fail 'make build' "$log"
  cp -r "$REPOSITORY"/{package.json,package-lock.json,.npmrc,bin,dist} "$CONTEXT/"
  cp "$REPOSITORY/manifests/Containerfile" "$CONTEXT/manifests/"
  say 'image kfp-ts: buildah bud'
  # shellcheck disable=SC2086
  (cd "$CONTEXT" && buildah $STORAGE bud --pull-never --layers --network host --isolation chroot -q -t "kfp-ts:$1" \
    -f manifests/Containerfile .) >"$log" 2>&1 || fail 'buildah bud' "$log"
}

load() {
  rm -f "$IMAGES/kfp-ts.tar"
  # shellcheck disable=SC2086
  buildah $STORAGE push -q "kfp-ts:$1" "docker-archive:$IMAGES/kfp-ts.tar:docker.io/library/kfp-ts:$1" >>"$log" 2>&1 ||
    fail 'buildah push' "$log"
  into_cluster kfp-ts
  say "image kfp-ts:$1: $(du -h "$IMAGES/kfp-ts.tar" | cut -f1)"
  rm -f "$IMAGES/kfp-ts.tar"
}

make_base
build "$1"
load "$1"
for tag in "${@:2}"; do
  if docker_answers; then
    docker exec kfp-ts-control-plane ctr -n k8s.io images tag "docker.io/library/kfp-ts:$1" "docker.io/library/kfp-ts:$tag" >/dev/null
  else ctr --address "$CONTAINERD_SOCKET" -n k8s.io images tag --force "docker.io/library/kfp-ts:$1" "docker.io/library/kfp-ts:$tag" >/dev/null; fi
done
