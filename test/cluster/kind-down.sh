#!/usr/bin/env bash
# Removes the cluster of kind-up.sh.
set -euo pipefail
source "$(dirname "$0")/lib.sh"
kind delete cluster --name kfp-ts >&2
rm -rf "$STATE"
