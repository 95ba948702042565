#!/usr/bin/env bash
# Boots the checks on every board that QEMU has, or on the targets that are named.
set -euo pipefail
cd "$(dirname "$0")"

targets=("$@")
[ $# -gt 0 ] || targets=(thumbv7em-none-eabihf thumbv6m-none-eabi riscv32imac-unknown-none-elf aarch64-unknown-none
    x86_64-unknown-linux-gnu)

# The host's own target serves as a PC's: what is precompiled for it needs no more than this.
export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS="-Crelocation-model=static -Ccode-model=small -Cpanic=abort \
-Cno-redzone=yes -Cforce-unwind-tables=no"

# A PC with so many processors; 33 is QEMU's exit status for success.
boot_pc() {
    local status=0
    timeout 120 qemu-system-x86_64 -M q35 -cpu max -m 64 -smp "$1" -nodefaults -no-reboot -display none -serial stdio \
        -device isa-debug-exit,iobase=0xf4,iosize=4 -kernel "$2" || status=$?
    [ "$status" -eq 33 ]
}

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
    aarch64*)
        for processors in 1 2; do
            timeout 120 qemu-system-aarch64 -M virt -cpu cortex-a53 -m 64 -smp "$processors" -serial none -monitor none \
                "${semihosting[@]}" -kernel "$image"
        done
        ;;
    x86_64*) for processors in 1 2; do boot_pc "$processors" "$image"; done ;;
    esac
done
