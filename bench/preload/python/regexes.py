"""Finds and replaces by pattern."""
import re
text = " ".join(f"user{i}@example{i % 9}.org said {i}" for i in range(8000))
pattern = re.compile(r"(\w+)@(\w+)\.org")
total = 0
for _ in range(25):
    total += len(pattern.findall(text)) + len(pattern.sub(r"\2 at \1", text))
print(total)
