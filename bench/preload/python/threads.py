"""Threads that take turns with shared queues."""
import queue, threading
q, done = queue.Queue(), queue.Queue()
def work():
    while (item := q.get()) is not None:
        done.put({"item": item, "parts": [str(k) for k in range(item % 20)]})
workers = [threading.Thread(target=work) for _ in range(4)]
for w in workers: w.start()
for i in range(60000): q.put(i)
for _ in workers: q.put(None)
for w in workers: w.join()
print(sum(len(done.get()["parts"]) for _ in range(60000)))
