"""Numbers of many digits."""
a, b = 0, 1
for _ in range(40000):
    a, b = b, a + b
total = 1
for i in range(1, 4000):
    total *= i
print(len(str(total % (10 ** 400))), b % 1000007)
