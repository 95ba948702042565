"""Counts words: split, lower, count, sort."""
from collections import Counter
text = " ".join(f"Word{i * 7919 % 5003} and more" for i in range(40000))
total = 0
for _ in range(15):
    counts = Counter(word.lower() for word in text.split())
    total += counts.most_common(3)[0][1]
print(total)
