map(select(.stock > 2) | . + {
    total: (.price * .stock),
    label: ([.name] + .tags | join("-")),
    words: (.note | ascii_downcase | split(" ") | map(select(length > 4)) | unique),
})
| group_by(.kind)
| map({
    key: .[0].kind,
    value: {
        count: length,
        sum: (map(.total) | add),
        dearest: (sort_by(-.price) | .[0:5] | map({id, label, area: (.size.w * .size.h)})),
        words: (map(.words[]) | group_by(.) | map({key: .[0], value: length}) | sort_by(-.value) | .[0:10] | from_entries),
    },
})
| from_entries
