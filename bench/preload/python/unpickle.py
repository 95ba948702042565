"""Makes objects of bytes."""
import pickle
class Point:
    def __init__(self, x, y):
        self.x, self.y, self.history = x, y, [x, y]
data = pickle.dumps([Point(i, float(i)) for i in range(20000)])
total = 0
for _ in range(15):
    total += len(pickle.loads(data))
print(total)
