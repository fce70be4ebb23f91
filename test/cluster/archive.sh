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

# node_into ROOT: Node as this checkout pins it, with the libraries it needs.
node_into() {
  local root=$1 node=$REPOSITORY/node_modules/node/bin/node library
  mkdir -p "$root/usr/bin"
  cp "$node" "$root/usr/bin/node"
  ldd "$node" | grep -o '/[^ ]*' | while read -r library; do
    mkdir -p "$root$(dirname "$library")"
    cp -L "$library" "$root$library"
  done
}
