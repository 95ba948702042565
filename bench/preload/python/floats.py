"""Floating-point numbers in lists: each is an object."""
total = 0.0
for round in range(30):
    xs = [i * 0.5 for i in range(100000)]
    ys = [x * x + 1.0 for x in xs]
    total += sum(x * y for x, y in zip(xs, ys))
print(total)
