"""One dictionary of a million strings that grows and is emptied."""
total = 0
for round in range(3):
    table = {}
    for i in range(500000):
        table[f"key {i}"] = i
    for i in range(0, 500000, 2):
        del table[f"key {i}"]
    total += len(table)
print(total)
