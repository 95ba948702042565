"""Small objects with attributes, in a list that is replaced at random."""
import random
random.seed(1)
class Node:
    __slots__ = ("left", "right", "value")
    def __init__(self, value):
        self.left, self.right, self.value = None, None, value
nodes = [Node(i) for i in range(100000)]
for i in range(1500000):
    nodes[random.getrandbits(16)] = Node(i)
print(sum(n.value for n in nodes))
