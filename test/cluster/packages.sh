#!/usr/bin/env bash
# Installs the Debian packages that the cluster and its images need; only those that are missing.
set -euo pipefail
source "$(dirname "$0")/lib.sh"

WANTED='containerd runc containernetworking-plugins busybox-static conntrack iptables iproute2 debootstrap openssl python3-venv'
missing=()
for package in $WANTED; do
  dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || missing+=("$package")
done
[ ${#missing[@]} -gt 0 ] || exit 0
say "installing ${missing[*]}"
mkdir -p "$CACHE/logs"
log=$CACHE/logs/packages.log
export DEBIAN_FRONTEND=noninteractive
{ apt-get update -qq && apt-get install -y --no-install-recommends "${missing[@]}"; } >"$log" 2>&1 ||
  fail "apt-get install ${missing[*]}" "$log"
