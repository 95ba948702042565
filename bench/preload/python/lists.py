"""Lists that grow by appending, are sorted, copied and cut."""
import random
random.seed(2)
total = 0
for round in range(10):
    grid = [[] for _ in range(2000)]
    for i in range(200000):
        grid[random.getrandbits(10)].append(i)
    for row in grid:
        row.sort(reverse=True)
        total += len(row[:10] + row[-10:])
print(total)
