"""Exceptions with tracebacks."""
def fall(depth):
    if depth == 0:
        raise ValueError(str(depth))
    fall(depth - 1)
count = 0
for i in range(60000):
    try:
        fall(i % 12)
    except ValueError as error:
        count += len(error.args)
print(count)
