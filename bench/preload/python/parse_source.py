"""Compiles and walks syntax trees."""
import ast
source = "\n".join(f"def f{i}(x, y={i}):\n    if x > y:\n        return [x + k for k in range(y)]\n    return {{'a': x, 'b': (y, {i})}}" for i in range(400))
total = 0
for _ in range(12):
    total += sum(1 for _ in ast.walk(ast.parse(source)))
    compile(source, "source", "exec")
print(total)
