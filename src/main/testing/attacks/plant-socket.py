#!/usr/bin/env python3
"""Another user of this computer listens where commands of a database reach the process that holds it.

    plant-socket.py DATABASE

Creates DATABASE.socket with a socket, and prints {"planted": UID} when it listens, or {"connected": ...}: what came of
connecting to a socket that was there already, and of reading the secret beside it. Prints {"received": BYTES} for all
that a connection sends, in hexadecimal. Runs until killed.
"""
import json
import os
import socket
import sys

FOLDER = sys.argv[1] + ".socket"


def show(**what):
    print(json.dumps(what), flush=True)


def attempt(what):
    try:
        what()
        return "done"
    except OSError as error:
        return error.strerror


try:
    os.mkdir(FOLDER, 0o700)
except FileExistsError:
    client = socket.socket(socket.AF_UNIX)
    show(
        connected=attempt(lambda: client.connect(FOLDER + "/s")),
        read=attempt(lambda: open(FOLDER + "/secret", "rb").read()),
        renamed=attempt(lambda: os.rename(FOLDER, FOLDER + ".away")))
    sys.exit(0)
server = socket.socket(socket.AF_UNIX)
server.bind(FOLDER + "/s")
with open(FOLDER + "/secret", "wb") as secret:
    secret.write(b"x" * 32)
os.chmod(FOLDER + "/secret", 0o600)
server.listen()
show(planted=os.getuid())
while True:
    connection, _ = server.accept()
    show(received=connection.recv(65536).hex())
