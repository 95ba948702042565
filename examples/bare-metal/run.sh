#!/usr/bin/env bash
# Boots the checks on every board that QEMU has, or on the targets that are named.
set -euo pipefail
cd "$(dirname "$0")"
source ./boot.sh

targets=("$@")
[ $# -gt 0 ] || targets=(thumbv7em-none-eabihf thumbv6m-none-eabi riscv32imac-unknown-none-elf aarch64-unknown-none
    x86_64-unknown-linux-gnu)

for target in "${targets[@]}"; do
    printf '\n%s\n' "$target"
    build "$target"
    boot "$target" 1
    case $target in aarch64* | x86_64*) boot "$target" 2 ;; esac
done
