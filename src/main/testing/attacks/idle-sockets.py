#!/usr/bin/env python3
"""Another user of this computer holds the connections of `latchkey serve`, so that nobody else gets one.

    idle-sockets.py PORT [COUNT [AUTHORITY]]

Keeps COUNT connections (80) open on which nothing, or half of a request, is said; one that is closed is opened again at
once. With AUTHORITY half of them have become WebSockets that say nothing more. Prints {"held": COUNT} when it holds, or
has held, that many. Runs until killed.
"""
import json
import os
import selectors
import socket
import sys

PORT = int(sys.argv[1])
COUNT = int(sys.argv[2]) if len(sys.argv) > 2 else 80
AUTHORITY = sys.argv[3] if len(sys.argv) > 3 else None
UPGRADE = (
    "GET / HTTP/1.1\r\nHost: {0}\r\nOrigin: http://{0}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: latchkey.2\r\n\r\n")
selector = selectors.DefaultSelector()
opened = 0


def hold():
    global opened
    client = socket.create_connection(("127.0.0.1", PORT), 10)
    if AUTHORITY is not None and opened % 2 == 0:
        client.sendall(UPGRADE.format(AUTHORITY).encode())
    elif opened % 3 == 0:
        client.sendall(b"GET / HTTP/1.1\r\nHost: ")
    client.setblocking(False)
    selector.register(client, selectors.EVENT_READ)
    opened += 1
    if opened == COUNT:
        print(json.dumps({"held": COUNT, "uid": os.getuid()}), flush=True)


for _ in range(COUNT):
    hold()
while True:
    for key, _ in selector.select():
        client = key.fileobj
        try:
            gone = client.recv(4096) == b""
        except BlockingIOError:
            continue
        except OSError:
            gone = True
        if gone:
            selector.unregister(client)
            client.close()
            try:
                hold()
            except OSError:
                sys.exit(0)
