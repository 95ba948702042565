"""A tree of tasks that wait for each other."""
import asyncio
async def tree(depth):
    if depth == 0:
        await asyncio.sleep(0)
        return 1
    return sum(await asyncio.gather(*(tree(depth - 1) for _ in range(5))))
total = 0
for _ in range(4):
    total += asyncio.run(tree(6))
print(total)
