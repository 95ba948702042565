"""Generators, closures and comprehensions."""
def chain(n):
    def inner(k):
        yield from (lambda i=i: i * n for i in range(k))
    for k in range(n):
        yield from inner(k)
print(sum(f() for _ in range(6) for f in chain(600)))
