"""What a user of a host does to be taken for root's sshd: daemon-title.py su|own CONFIG.

su:  setuid su, which asks for a password as root, under a title of the user's choice
own: a program of the user's that is called sshd and shows the same title
"""
import os, pty, sys, time

how, config = sys.argv[1:]
title = f"sshd: /usr/sbin/sshd -D -f {config} [listener] 0 of 10-100 startups"
if how == "own":
    with open("/proc/self/comm", "w") as comm:
        comm.write("sshd")
    os.makedirs(f"{os.environ['HOME']}/bin", exist_ok=True)
    program = f"{os.environ['HOME']}/bin/sshd"
    with open("/usr/bin/sleep", "rb") as real, open(program, "wb") as copy:
        copy.write(real.read())
    os.chmod(program, 0o755)
    os.execv(program, [title, "600"])
child, terminal = pty.fork()
if child == 0:
    os.execv("/bin/su", [title])
time.sleep(600)
