#!/usr/bin/env bash
# Makes the images of the test cluster as Docker archives in the cache: pause, a BusyBox under the names of small
# images, and one Debian with Python, Node and a wheelhouse under the names that pipelines use.
#   build-images.sh [pause|small|steps]...      (no Docker needed; the archives are what `docker save` would write)
set -euo pipefail
source "$(dirname "$0")/lib.sh"
source "$CLUSTER_FOLDER/archive.sh"
# Raise it when a recipe below changes: the archive is made again then.
RECIPE=2
mkdir -p "$CACHE/logs"

SMALL_NAMES='alpine:latest busybox:latest ghcr.io/containerd/busybox:latest library/bash:latest'
STEP_NAMES='python:3.11 python:3.12 python:3.7 python:alpine3.9 node:24 node:24-alpine node:24-slim
  registry.access.redhat.com/ubi9/python-311:latest public.ecr.aws/docker/library/python:3.12 jetbrainsinfra/jq:latest'

# Packages that the conformance pipelines install by pip at run time; pods have no way to a package index.
WHEELS='pandas==2.2.0 scikit-learn==1.4.0 numpy<2 nbclient>=0.10,<1 ipykernel>=6,<7 jupyter_client>=7,<9 dill==0.3.7
  minio requests yapf setuptools wheel typing-extensions'
KFP_VERSIONS='2.9.0 2.12.1 2.14.2 2.14.3 2.14.4 2.14.6 2.15.2'

# stamped NAME ...: an archive with the recipe's number beside it.
stamped() {
  archive "$@"
  rm -f "$IMAGES/.$1-"*
  touch "$IMAGES/.$1-$RECIPE"
}

is_made() { [ -f "$IMAGES/$1.tar" ] && [ -f "$IMAGES/.$1-$RECIPE" ]; }

pause() {
  local root=$WORK/pause
  rm -rf "$root" && mkdir -p "$root"
  cp "$BINARIES/pause" "$root/pause"
  stamped pause "$root" '{"Entrypoint":["/pause"],"User":"65535:65535"}' localhost/pause:1
}

small() {
  local root=$WORK/small applet
  rm -rf "$root" && mkdir -p "$root/bin" "$root/etc" "$root/tmp" "$root/root"
  chmod 1777 "$root/tmp"
  for applet in $(/bin/busybox --list); do ln -sf busybox "$root/bin/$applet"; done
  # Last, since the list of applets has busybox itself.
  rm -f "$root/bin/busybox"
  cp /bin/busybox "$root/bin/busybox"
  ln -sf bin "$root/sbin"
  mkdir -p "$root/usr" && ln -sf ../bin "$root/usr/bin"
  echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
  # shellcheck disable=SC2086 # one name a word
  stamped small "$root" '{"Env":["PATH=/bin:/usr/bin"],"Cmd":["sh"]}' $SMALL_NAMES
}

debian_mirror() {
  apt-get indextargets --format '$(SITE) $(CODENAME) $(ORIGIN)' 'Created-By: Packages' |
    awk '$3 == "Debian" && $2 == "bookworm" { print $1; exit }'
}

steps() {
  local root=$WORK/steps
  rm -rf "$root" && mkdir -p "$root"
  say 'image steps: a Debian with Python (debootstrap)'
  debootstrap --variant=minbase --include=python3,python3-pip,python3-venv,libstdc++6,jq,ca-certificates \
    bookworm "$root" "$(debian_mirror)" >"$CACHE/logs/debootstrap.log" 2>&1 ||
    fail 'debootstrap' "$CACHE/logs/debootstrap.log"
  ln -sf python3 "$root/usr/bin/python"
  # Images of python.org let pip install into the system; Debian's marker would refuse it.
  rm -f "$root"/usr/lib/python3*/EXTERNALLY-MANAGED
  rm -rf "$root"/var/cache/apt/* "$root"/var/lib/apt/lists/* "$root"/usr/share/doc/* "$root"/usr/share/man/* "$root"/usr/share/locale/*
  cp "$REPOSITORY/node_modules/node/bin/node" "$root/usr/local/bin/node"
  wheels "$root/opt/wheels"
  # shellcheck disable=SC2086 # one name a word
  stamped steps "$root" '{"Env":["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin","LANG=C.UTF-8",
    "PIP_NO_INDEX=1","PIP_FIND_LINKS=/opt/wheels","PIP_ROOT_USER_ACTION=ignore"],"Cmd":["python3"]}' $STEP_NAMES
  rm -rf "$root"
}

wheels() {
  local folder=$1 version log=$CACHE/logs/wheels.log
  mkdir -p "$folder"
  say 'image steps: the wheelhouse'
  python3 -m venv "$WORK/venv"
  local pip="$WORK/venv/bin/pip --quiet --disable-pip-version-check"
  : >"$log"
  $pip install wheel 'setuptools<81' >>"$log" 2>&1 || fail 'pip install wheel' "$log"
  for version in $KFP_VERSIONS; do
    $pip wheel --no-deps -w "$folder" "kfp==$version" >>"$log" 2>&1 || fail "the wheel of kfp $version" "$log"
  done
  local wanted
  IFS=$' \n' read -r -d '' -a wanted <<<"$WHEELS" || true
  $pip wheel -w "$folder" "${wanted[@]}" >>"$log" 2>&1 || fail 'the wheels of the conformance pipelines' "$log"
  rm -rf "$WORK/venv"
}

for image in ${@:-pause small steps}; do is_made "$image" || "$image"; done
say 'images are there'
