#!/usr/bin/python3 -IS
"""What an ordinary user has running that has got hold of the shell that a run starts as this account: it answers in its place.

    answer-for-shell.py KIND[:VERB] [BOOT]

It gets what that shell would get. With a VERB it does so for such requests alone; all others that shell does, which begins with BOOT.
KIND: babble (frames that make no sense), flood (frames without an end), refuse (a refusal that only
root could be the cause of), forge (a lock whose times are no numbers), stop (no answer ever but the beginning of a line, and its pipes are held
open when it is killed), steal (keeps what it was sent in ~/stolen, and refuses), fail (says that it has begun, and could not), mute (has
that shell do it, and says nothing of it, the first time that it is asked), deaf (the same each time), rewrite (has that shell do it, and
adds a line to its authorized_keys), pipe (has that shell do it, and lays a pipe in the place of its authorized_keys), endless (has that
shell do it, and makes each file beside it that is called like a new public key as long as can be), data (more of it than an answer has), line (a line without an end, by what stays when it is killed).
"""
import os
import pwd
import sys
import time

KIND, _, VERB = sys.argv[1].partition(":")
SAID = {
    "babble": "data content b65\nlk theirs {0} fact a %zz\nlk theirs {0} ok",
    "refuse": "no immutable .",
    "fail": "fail io-error",
    "forge": "no held x y z z z",
    "steal": "no no-space",
}


def stop():
    os.write(1, b"x")
    if os.fork() == 0:
        os.setsid()
    time.sleep(3600)


if KIND == "stop" and not VERB:
    stop()
head = sys.stdin.buffer.readline(), sys.stdin.buffer.readline()
sequence, asked = head[1].decode("latin1").split(" ")[:2]
IS_MEANT = VERB in ("", asked.strip("'\n"))
ONCE = os.path.join(pwd.getpwuid(os.getuid()).pw_dir, "once")


def have_it_done(is_silent=False):
    """Without the module for that, which takes longer to load than all of this: each request of a run begins with it."""
    asked = b"".join(head) + sys.stdin.buffer.read()
    there, here = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(there, 0)
        os.close(here)
        if is_silent:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        os.execvp("sh", ["sh", "-c", sys.argv[2]])
    os.close(there)
    try:
        with open(here, "wb") as pipe:
            pipe.write(asked)
    except BrokenPipeError:
        pass
    os.waitpid(child, 0)


if not IS_MEANT or (KIND == "mute" and os.path.exists(ONCE)):
    have_it_done()
    sys.exit()
if KIND == "stop":
    stop()
if KIND in ("mute", "deaf"):
    open(ONCE, "w").close()
    have_it_done(is_silent=True)
    sys.exit()
if KIND == "endless":
    have_it_done()
    folder = os.path.join(pwd.getpwuid(os.getuid()).pw_dir, ".ssh")
    for name in os.listdir(folder):
        if name.endswith(".latchkey-new.pub"):
            os.truncate(os.path.join(folder, name), 0)
            os.truncate(os.path.join(folder, name), 1 << 26)
    sys.exit()
if KIND in ("rewrite", "pipe"):
    have_it_done()
    keys = os.path.join(pwd.getpwuid(os.getuid()).pw_dir, ".ssh/authorized_keys")
    if KIND == "pipe":
        os.remove(keys)
        os.mkfifo(keys)
    else:
        with open(keys, "a") as more:
            more.write("# mine\n")
    sys.exit()
if KIND == "steal":
    with open(os.path.join(pwd.getpwuid(os.getuid()).pw_dir, "stolen"), "ab") as kept:
        kept.write(head[1])
try:
    if KIND == "data":
        os.write(1, b"lk theirs %s data content b64\n" % sequence.encode())
    if KIND == "line" and os.fork() == 0:
        os.setsid()
    while KIND in ("data", "line"):
        os.write(1, b"QUJD" * 16 + b"\n" if KIND == "data" else b"x" * 4096)
    while KIND == "flood":
        os.write(1, b"lk theirs %s tell a b\n" % sequence.encode() * 400)
    os.write(1, f"lk theirs {sequence} {SAID[KIND].format(sequence)}\n".encode())
except OSError:
    pass
