#!/usr/bin/env python3
"""What an ordinary user has running that has got hold of the shell that a run starts as this account: it answers in its place.

    answer-for-shell.py KIND

It gets what that shell would get. KIND: babble (frames that make no sense), flood (frames without an end), refuse (a refusal that only
root could be the cause of), forge (a lock whose times are no numbers), stop (no answer ever but the beginning of a line, and its pipes are held
open when it is killed), steal (keeps what it was sent in ~/stolen, and refuses).
"""
import os
import pwd
import sys
import time

KIND = sys.argv[1]
SAID = {
    "babble": "data content b65\nlk theirs {0} tell a %zz\nlk theirs {0} ok",
    "refuse": "no immutable .",
    "forge": "no held x y z z z",
    "steal": "no no-space",
}

if KIND == "stop":
    os.write(1, b"x")
    if os.fork() == 0:
        os.setsid()
    time.sleep(3600)
head = sys.stdin.buffer.readline(), sys.stdin.buffer.readline()
sequence = head[1].split(b" ")[0].decode()
if KIND == "steal":
    with open(os.path.join(pwd.getpwuid(os.getuid()).pw_dir, "stolen"), "ab") as kept:
        kept.write(head[1])
try:
    while KIND == "flood":
        os.write(1, b"lk theirs %s tell a b\n" % sequence.encode() * 400)
    os.write(1, f"lk theirs {sequence} {SAID[KIND].format(sequence)}\n".encode())
except OSError:
    pass
