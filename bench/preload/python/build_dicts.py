"""Dictionaries of many sizes that come and go."""
total = 0
for round in range(150):
    tables = [{k: str(k) for k in range(i % 40)} for i in range(500)]
    total += sum(map(len, tables))
print(total)
