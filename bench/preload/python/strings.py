"""Joins, slices, formats and replaces."""
total = 0
for round in range(30):
    lines = [f"{i:06d},{i * i},{'x' * (i % 50)}" for i in range(15000)]
    text = "\n".join(lines)
    total += sum(len(part) for line in text.split("\n") for part in line.replace(",", ";").split(";"))
print(total)
