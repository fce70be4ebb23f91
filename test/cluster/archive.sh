# Writes images as `docker save` would, without a Docker engine. Sourced after lib.sh.

WORK=$CACHE/build/images
mkdir -p "$IMAGES" "$WORK"

# archive NAME ROOT CONFIG_JSON REFERENCE...: one-layer image in the format of `docker save`.
archive() {
  local name=$1 root=$2 config=$3 folder=$WORK/$1.archive digest tags
  shift 3
  rm -rf "$folder"
  mkdir -p "$folder"
  tar --numeric-owner -C "$root" -cf "$folder/layer.tar" .
  digest=$(sha256sum "$folder/layer.tar" | cut -d' ' -f1)
  printf '{"architecture":"amd64","os":"linux","config":%s,"rootfs":{"type":"layers","diff_ids":["sha256:%s"]},
    "history":[{"created_by":"kfp-ts test/cluster/archive.sh"}]}' \
    "$config" "$digest" >"$folder/config.json"
  tags=$(printf '"%s",' "$@")
  printf '[{"Config":"config.json","RepoTags":[%s],"Layers":["layer.tar"]}]' "${tags%,}" >"$folder/manifest.json"
  tar -C "$folder" -cf "$IMAGES/$name.tar" manifest.json config.json layer.tar
  rm -rf "$folder"
  say "image $name: $(du -h "$IMAGES/$name.tar" | cut -f1)"
}

# program_into ROOT PROGRAM PLACE: a program of this machine, with the libraries it needs.
program_into() {
  local root=$1 program=$2 library
  install -D "$program" "$root$3"
  ldd "$program" | grep -o '/[^ ]*' | while read -r library; do
    install -D "$library" "$root$library"
  done
}

# node_into ROOT [PLACE]: Node as this checkout pins it.
node_into() { program_into "$1" "$REPOSITORY/node_modules/node/bin/node" "${2:-/usr/bin/node}"; }

# into_cluster NAME: the image goes into the running cluster.
into_cluster() {
  if docker_answers; then kind load image-archive --name kfp-ts "$IMAGES/$1.tar" >&2
  else ctr --address "$CONTAINERD_SOCKET" -n k8s.io images import "$IMAGES/$1.tar" >/dev/null; fi
}
