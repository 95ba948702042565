#!/usr/bin/env bash
# Boots the checks on every board that QEMU has, or on the targets that are named.
set -euo pipefail
cd "$(dirname "$0")"

targets=("$@")
[ $# -gt 0 ] || targets=(thumbv7em-none-eabihf thumbv6m-none-eabi riscv32imac-unknown-none-elf)

for target in "${targets[@]}"; do
    printf '\n%s\n' "$target"
    cargo build --quiet --release --locked --target "$target"
    image=${CARGO_TARGET_DIR:-target}/$target/release/mudlark-bare-metal
    semihosting=(-semihosting-config enable=on,target=native -display none -nic none)
    case $target in
    thumbv7em*) timeout 120 qemu-system-arm -M mps2-an386 "${semihosting[@]}" -icount shift=8 -kernel "$image" ;;
    thumbv6m*) timeout 120 qemu-system-arm -M mps2-an385 "${semihosting[@]}" -icount shift=8 -kernel "$image" ;;
    riscv32*) timeout 120 qemu-system-riscv32 -M virt -bios none -display none -serial stdio -monitor none \
        -icount shift=0 -kernel "$image" ;;
    esac
done
