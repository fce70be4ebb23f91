#!/usr/bin/env bash
# A real S3 server for tests, on the bridge's address so that pods reach it:  s3.sh up | down.  Prints its endpoint.
set -euo pipefail
FOLDER=$(cd "$(dirname "$0")" && pwd)
source "$FOLDER/lib.sh"
source "$FOLDER/settings.sh"
load_settings

case ${1:-up} in
  up)
    "$FOLDER/build-binaries.sh" versitygw
    mkdir -p "$STATE/s3/bucket"
    [ -f "$STATE/s3-port" ] || free_port >"$STATE/s3-port"
    endpoint=http://$BRIDGE_ADDRESS:$(cat "$STATE/s3-port")
    # Credentials of a server that lives for a test, on an address of this machine only.
    start s3 "$BINARIES/versitygw" --access tester --secret tester-secret --port "$BRIDGE_ADDRESS:$(cat "$STATE/s3-port")" \
      posix "$STATE/s3"
    wait_for 20 'the S3 server answers' "$LOGS/s3.log" curl -s -o /dev/null "$endpoint/"
    echo "$endpoint"
    ;;
  down)
    stop s3
    rm -rf "$STATE/s3" "$STATE/s3-port"
    ;;
esac
