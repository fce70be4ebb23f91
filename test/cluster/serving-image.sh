#!/usr/bin/env bash
# The image of prediction servers from the sources of this checkout, loaded into the running cluster as kfp-ts-serving:test:
# what manifests/Containerfile builds, with the command line in one bundle.
set -euo pipefail
FOLDER=$(cd "$(dirname "$0")" && pwd)
source "$FOLDER/lib.sh"
source "$FOLDER/settings.sh"
source "$FOLDER/archive.sh"
docker_answers || load_settings
exec 9>"$CACHE/serving.lock"
flock 9

root=$WORK/serving
rm -rf "$root" && mkdir -p "$root/app" "$root/tmp"
chmod 1777 "$root/tmp"
node_into "$root"
echo "import { main } from './cli/main.ts'; await main(process.argv.slice(2))" |
  "$REPOSITORY/node_modules/.bin/esbuild" --bundle --splitting --platform=node --format=esm --log-level=error \
    --outdir="$root/app" --sourcefile="$REPOSITORY/main.ts" --loader=ts --out-extension:.js=.mjs --external:esbuild \
    --external:typescript --external:pg-native \
    --banner:js="import { createRequire as requireFrom } from 'node:module'; const require = requireFrom(import.meta.url);"
archive serving "$root" '{"Env":["PATH=/usr/bin"],"Entrypoint":["node","/app/stdin.mjs"],"User":"65532:65532"}' \
  kfp-ts-serving:test
into_cluster serving
