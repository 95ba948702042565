#!/usr/bin/env bash
# Draws the pictures of this page again. Needs Graphviz.
set -euo pipefail
cd "$(dirname "$0")"
album=$(mktemp -d)
trap 'rm -r "$album"' EXIT
cargo run --quiet --package mudlark-examples --example find_a_leak -- "$album" >"$album/story.txt"
for picture in held chain garbage; do
    {
        # An empty line would end the picture, in Markdown.
        printf '<div style="text-align: center">\n'
        sed 's/, tooltip="[^"]*"//' "$album/$picture.dot" | dot -Tsvg |
            sed -e '1,/^<svg/{/^<svg/!d}' -e '/^<svg/{N;s/\n//}' -e '/^<!--/d' -e '/^<title>/d' -e '/^ *$/d' -e 's/ font-family="[^"]*"//' \
                -e '/^<svg/s/^<svg/& style="max-width: 100%; height: auto" font-family="Helvetica,Arial,sans-serif"/'
        printf '</div>\n'
    } >"$picture.svg"
done
