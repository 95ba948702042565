# Sourced by the scripts beside it: how the firmware is built for a target, and booted on the board that QEMU has for it.

# The host's own target serves as a PC's: what is precompiled for it needs no more than this.
export CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUSTFLAGS="-Crelocation-model=static -Ccode-model=small -Cpanic=abort \
-Cno-redzone=yes -Cforce-unwind-tables=no"

# The firmware for a target; further arguments are Cargo's. Sets `image`.
build() {
    cargo build --quiet --release --locked --target "$@"
    image=${CARGO_TARGET_DIR:-target}/$1/release/mudlark-bare-metal
}

# Boots `image` on the target's board, with so many processors where there may be several.
boot() {
    local semihosting=(-chardev stdio,id=line -semihosting-config enable=on,target=native,chardev=line -display none
        -nic none)
    case $1 in
    thumbv7em*) timeout 120 qemu-system-arm -M mps2-an386 "${semihosting[@]}" -icount shift=8 -kernel "$image" ;;
    thumbv6m*) timeout 120 qemu-system-arm -M mps2-an385 "${semihosting[@]}" -icount shift=8 -kernel "$image" ;;
    riscv32*) timeout 120 qemu-system-riscv32 -M virt -bios none -display none -serial stdio -monitor none \
        -icount shift=0 -kernel "$image" ;;
    aarch64*) timeout 120 qemu-system-aarch64 -M virt -cpu cortex-a53 -m 64 -smp "$2" -serial none -monitor none \
        "${semihosting[@]}" -kernel "$image" ;;
    x86_64*) boot_pc "$2" ;;
    esac
}

# 33 is QEMU's exit status for success.
boot_pc() {
    local status=0
    timeout 120 qemu-system-x86_64 -M q35 -cpu max -m 64 -smp "$1" -nodefaults -no-reboot -display none -serial stdio \
        -device isa-debug-exit,iobase=0xf4,iosize=4 -kernel "$image" || status=$?
    [ "$status" -eq 33 ]
}
