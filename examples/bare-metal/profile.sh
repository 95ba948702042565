#!/usr/bin/env bash
# Boots the checks on a target's board, and keeps what comes over its line: texts, and the event log of the heap.
#
#   examples/bare-metal/profile.sh thumbv7em-none-eabihf out.mmt && mudlark report out.mmt -o out.html
set -euo pipefail
[ $# -eq 2 ] || { echo "usage: $0 TARGET OUT.mmt" >&2; exit 2; }
out=$(realpath "$2")
cd "$(dirname "$0")"
source ./boot.sh

build "$1" --features profile
boot "$1" 1 >"$out"
