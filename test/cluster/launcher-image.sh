#!/usr/bin/env bash
# The image of the launcher from the sources of this checkout, loaded into the running cluster as kfp-ts-launcher:test.
# Made again only when the sources changed; several tests may ask at once.
set -euo pipefail
FOLDER=$(cd "$(dirname "$0")" && pwd)
source "$FOLDER/lib.sh"
source "$FOLDER/settings.sh"
source "$FOLDER/archive.sh"
docker_answers || load_settings
exec 9>"$STATE/launcher.lock"
flock 9

root=$WORK/launcher
mkdir -p "$root/app" "$root/tmp"
chmod 1777 "$root/tmp"
"$REPOSITORY/node_modules/.bin/esbuild" "$REPOSITORY/launcher/main.ts" --bundle --platform=node --format=esm \
  --log-level=error --outfile="$STATE/launcher.mjs" \
  --banner:js="import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);"
stamp=$STATE/.launcher-$(sha256sum <"$STATE/launcher.mjs" | cut -c1-16)
[ ! -f "$stamp" ] || exit 0

exec 8>"$CACHE/launcher.lock"
flock 8
cp "$STATE/launcher.mjs" "$root/app/launcher.mjs"
node_into "$root"
archive launcher "$root" '{"Env":["PATH=/usr/bin"]}' kfp-ts-launcher:test
into_cluster launcher
rm -f "$STATE"/.launcher-*
touch "$stamp"
