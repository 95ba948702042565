"""Trees of tuples."""
def tree(depth):
    return (tree(depth - 1), tree(depth - 1)) if depth else (None, None)
def count(node):
    left, right = node
    return 1 + (count(left) + count(right) if left else 0)
print(sum(count(tree(14)) for _ in range(40)))
