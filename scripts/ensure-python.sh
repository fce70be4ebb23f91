#!/usr/bin/env bash
# A Python with venv for the tests that run what Python's SDK compiled. Where the machine has none, its package manager brings it.
set -euo pipefail

has_python() { python3 -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))' >/dev/null 2>&1; }
fail() {
  echo "$1: install Python 3.10 or newer with venv (Debian: apt-get install python3 python3-venv), or put it first in PATH" >&2
  exit 1
}

has_python && exit 0
as_root=()
if [ "$(id -u)" != 0 ]; then
  command -v sudo >/dev/null || fail 'there is no Python with venv here, and no sudo to install it'
  as_root=(sudo)
fi
if command -v apt-get >/dev/null; then
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" apt-get install -y --no-install-recommends -qq python3 python3-venv
elif command -v dnf >/dev/null; then
  "${as_root[@]}" dnf install -y -q python3
elif command -v apk >/dev/null; then
  "${as_root[@]}" apk add -q python3 py3-pip
elif command -v brew >/dev/null; then
  brew install -q python@3.11
else
  fail 'there is no Python with venv here, and no package manager that is known (apt-get, dnf, apk, brew)'
fi
hash -r
has_python || fail 'the package manager brought no Python that is new enough and has venv'
