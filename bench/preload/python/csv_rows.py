"""Reads and writes comma-separated rows."""
import csv, io
rows = [[i, f"name {i}", i / 7, "x" * (i % 30)] for i in range(20000)]
total = 0
for _ in range(8):
    out = io.StringIO()
    csv.writer(out).writerows(rows)
    out.seek(0)
    total += sum(len(row) for row in csv.reader(out))
print(total)
