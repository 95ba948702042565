"""Parses the same document over and over."""
import json
document = json.dumps([{"id": i, "name": f"item {i}", "tags": [str(k) for k in range(i % 7)], "price": i / 3} for i in range(4000)])
total = 0
for _ in range(40):
    total += len(json.loads(document))
print(total)
