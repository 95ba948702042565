"""Garbage in rings, for the collector."""
class Link:
    pass
total = 0
for round in range(200000):
    a, b, c = Link(), Link(), Link()
    a.next, b.next, c.next = b, c, a
    total += 1
print(total)
