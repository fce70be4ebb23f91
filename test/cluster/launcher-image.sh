#!/usr/bin/env bash
# The image of the launcher from the sources of this checkout, loaded into the running cluster as kfp-ts-launcher:test.
set -euo pipefail
FOLDER=$(cd "$(dirname "$0")" && pwd)
source "$FOLDER/lib.sh"
source "$FOLDER/settings.sh"
source "$FOLDER/archive.sh"
load_settings

root=$CACHE/build/images/launcher
rm -rf "$root" && mkdir -p "$root/app" "$root/usr/bin" "$root/tmp"
chmod 1777 "$root/tmp"
node=$REPOSITORY/node_modules/node/bin/node
cp "$node" "$root/usr/bin/node"
ldd "$node" | grep -o '/[^ ]*' | while read -r library; do
  mkdir -p "$root$(dirname "$library")"
  cp -L "$library" "$root$library"
done
"$REPOSITORY/node_modules/.bin/esbuild" "$REPOSITORY/launcher/main.ts" --bundle --platform=node --format=esm \
  --log-level=error --outfile="$root/app/launcher.mjs" \
  --banner:js="import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
archive launcher "$root" '{"Env":["PATH=/usr/bin"]}' kfp-ts-launcher:test
if docker_answers; then kind load image-archive --name kfp-ts "$IMAGES/launcher.tar"
else ctr --address "$CONTAINERD_SOCKET" -n k8s.io images import "$IMAGES/launcher.tar" >/dev/null; fi
