# Which of the byte strings (JSON: lists of hex on stdin) are in a core, by their places in the list. What was never
# written to is a hole in the file, and is not read.
import json
import os
import sys

wanted = [[bytes.fromhex(form) for form in forms] for forms in json.load(sys.stdin)]
core = os.open(sys.argv[1], os.O_RDONLY)
OVERLAP, PART = 4096, 64 * 1024 * 1024
found, searched, at = set(), 0, 0
while True:
    try:
        start = os.lseek(core, at, os.SEEK_DATA)
    except OSError:
        break
    at = os.lseek(core, start, os.SEEK_HOLE)
    for place in range(start, at, PART):
        data = os.pread(core, min(PART + OVERLAP, at - place), place)
        searched += len(data)
        found.update(n for n, forms in enumerate(wanted) if any(form in data for form in forms))
print(json.dumps({"searched": searched, "found": sorted(found)}))
