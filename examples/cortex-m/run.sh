#!/usr/bin/env bash
# Boots the program on an emulated Cortex-M4, M0 and M3, or on the targets that are named.
set -euo pipefail
cd "$(dirname "$0")"

targets=("$@")
[ $# -gt 0 ] || targets=(thumbv7em-none-eabihf thumbv6m-none-eabi thumbv7m-none-eabi)

for target in "${targets[@]}"; do
    for profile in dev release; do
        printf '\n%s, %s\n' "$target" "$profile"
        timeout 300 cargo run --quiet --locked --profile "$profile" --target "$target"
    done
done
