"""Prints the same document over and over."""
import json
document = [{"id": i, "name": f"item {i}", "tags": [str(k) for k in range(i % 7)], "price": i / 3} for i in range(4000)]
print(sum(len(json.dumps(document)) for _ in range(40)))
