#!/usr/bin/env bash
# Measures heaps on emulated microcontrollers, and prints tables in Markdown. Says what it needs where that is missing.
#
#   run.sh [TARGET..]     thumbv7em-none-eabihf and riscv32imac-unknown-none-elf, if none is named
#   ENTRIES="talc ..."    only these heaps
#   SECONDS_EACH=60       how long a heap may take: slow ones do not get to the largest regions
set -euo pipefail
cd "$(dirname "$0")"

targets=("$@")
[ $# -gt 0 ] || targets=(thumbv7em-none-eabihf riscv32imac-unknown-none-elf)
entries=${ENTRIES:-linked-list-allocator embedded-alloc-llff embedded-alloc-tlsf talc buddy-system-allocator mudlark-paged mudlark-locked mudlark-interrupt mudlark}
folder=${CARGO_TARGET_DIR:-target}
figures=$(mktemp -d)
trap 'rm -rf "$figures"' EXIT

# The emulator for a target, with a fixed time for each instruction.
emulate() {
    case $1 in
    thumb*)
        local board=mps2-an386
        [[ $1 != thumbv6m* ]] || board=mps2-an385
        qemu-system-arm -M "$board" -icount shift=8 -display none -nic none \
            -semihosting-config enable=on,target=native -kernel "$2" 2>&1
        ;;
    riscv32*)
        qemu-system-riscv32 -M virt -m 64 -bios none -icount shift=0 -display none -serial stdio -monitor none \
            -kernel "$2"
        ;;
    esac
}

# Measures an entry; with `masked`, for how long it masks interrupts instead.
measure() {
    local target=$1 entry=$2 masked=${3:-}
    CARGO_TARGET_DIR=$folder cargo build --quiet --release --locked --target "$target" --features "$entry $masked" >&2
    export -f emulate
    timeout "${SECONDS_EACH:-60}" bash -c 'emulate "$@"' _ "$target" "$folder/$target/release/mudlark-bench-embedded" \
        > "$figures/$entry${masked:+.masked}" || true
    grep -Eq '^(done|ram)' "$figures/$entry" || { echo "$entry on $target: $(tail -1 "$figures/$entry")" >&2; exit 1; }
}

# One table of all that was measured on a target.
table() {
    awk -v entries="empty $entries" -v figures="$figures" '
        function get(entry, name) { return (entry, name) in f ? f[entry, name] : "" }
        function tenths(x) { return x == "" ? "-" : sprintf("%.1f", x / 10) }
        function share(x) { return x == "" ? "-" : sprintf("%.3f", x / 10000) }
        function pair(e, name, what) {
            a = get(e, name "_alloc_" what); b = get(e, name "_free_" what)
            if (a == "" || b == "") return "-"
            return what == "mean" ? tenths(a) "/" tenths(b) : a "/" b
        }
        BEGIN {
            n = split(entries, list, " ")
            for (i = 1; i <= n; i++) while ((getline line < (figures "/" list[i])) > 0) {
                split(line, word, " "); f[list[i], word[1]] = word[2]
            }
            print "| heap | mean | worst | worst, nearly full | worst, nearly full, mixed | live share | after a million operations | mixed sizes | flash | RAM |"
            print "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|"
            for (i = 2; i <= n; i++) { e = list[i]
                printf "| %s | %s | %s | %s | %s | %s | %s | %s | %d B | %d B |\n", e, pair(e, "half", "mean"), pair(e, "half", "worst"), \
                    pair(e, "full", "worst"), pair(e, "full_mixed", "worst"), share(get(e, "share")), share(get(e, "share_aged")), \
                    share(get(e, "share_mixed")), get(e, "flash") - get("empty", "flash"), get(e, "ram") - get("empty", "ram")
            }
            sizes = split("2k 4k 8k 16k 256k 1m 4m 16m", size, " ")
            print "\n| live share, and mean, in | 2 KiB | 4 KiB | 8 KiB | 16 KiB | 256 KiB | 1 MiB | 4 MiB | 16 MiB |"
            print "|---|--:|--:|--:|--:|--:|--:|--:|--:|"
            for (i = 2; i <= n; i++) { e = list[i]
                printf "| %s |", e
                for (s = 1; s <= sizes; s++) printf " %s, %s |", share(get(e, "share_" size[s])), pair(e, "half_" size[s], "mean")
                print ""
            }
        }'
}

# For how long the heaps that lock mask interrupts.
masked_table() {
    local entry
    printf '\n| interrupts are masked for at most | a request or a free | aligned to 64 bytes | a resize | a new region of 64 KiB |\n'
    printf '|---|--:|--:|--:|--:|\n'
    for entry in "$@"; do
        printf '| %s |' "$entry"
        for name in masked masked_aligned masked_resize masked_region; do
            awk -v name="$name" '$1 == name { number = $2 } END { printf " %s |", number == "" ? "-" : number }' "$figures/$entry.masked"
        done
        echo
    done
}

for target in "${targets[@]}"; do
    rm -f "$figures"/*
    for entry in empty $entries; do measure "$target" "$entry"; done
    printf '\n%s\n\n' "$target"
    table
    locking=()
    for entry in $entries; do
        case $entry in embedded-alloc-* | mudlark-locked | mudlark-interrupt)
            measure "$target" "$entry" masked
            locking+=("$entry")
            ;;
        esac
    done
    [ ${#locking[@]} -eq 0 ] || masked_table "${locking[@]}"
done
