"""Runs a command, and kills it at the Nth call by which it, or anything it starts, changes a file.

    kill-at-call.py all|one N COMMAND...

all: everything that was started ends before the call is made, as when a machine falls. one: only the process that
makes it, as when a tool crashes. N = 0: nobody is killed. How many calls there were until the command ended is the last
line on standard error. strace counts for each process by itself; here they are counted together.
"""
import ctypes
import os
import signal
import struct
import sys

LIBC = ctypes.CDLL(None, use_errno=True)
LIBC.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
LIBC.ptrace.restype = ctypes.c_long
TRACEME, CONT, SETOPTIONS, GET_SYSCALL_INFO = 0, 7, 0x4200, 0x420E
# Whatever is started is followed, and ends with us; of calls, those that the filter names.
OPTIONS = 2 | 4 | 8 | 0x80 | 0x100000

# The numbers of x86-64: what changes a file, its name, its owner or its mode, and what makes that last.
CALLS = {
    1: "write", 18: "pwrite64", 20: "writev", 40: "sendfile", 326: "copy_file_range", 2: "open", 257: "openat", 85: "creat",
    74: "fsync", 75: "fdatasync", 162: "sync", 306: "syncfs", 76: "truncate", 77: "ftruncate", 285: "fallocate",
    82: "rename", 264: "renameat", 316: "renameat2", 86: "link", 265: "linkat", 88: "symlink", 266: "symlinkat",
    87: "unlink", 263: "unlinkat", 83: "mkdir", 258: "mkdirat", 84: "rmdir", 90: "chmod", 91: "fchmod", 268: "fchmodat",
    452: "fchmodat2", 92: "chown", 93: "fchown", 94: "lchown", 260: "fchownat", 188: "setxattr", 189: "lsetxattr",
    190: "fsetxattr", 280: "utimensat",
}
BY_DESCRIPTOR = {1: 0, 18: 0, 20: 0, 40: 0, 77: 0, 285: 0, 326: 2}
CREATES = 0o100 | 0o1000


def ptrace(request, pid, address=0, data=0):
    return LIBC.ptrace(request, pid, ctypes.c_void_p(address), ctypes.c_void_p(data))


def stop_at_calls():
    """From here on this process stops at those calls alone: a shell that reads a byte at a time makes many others."""
    numbers = list(CALLS)
    program = [(0x20, 0, 0, 0)]
    program += [(0x15, len(numbers) - at, 0, number) for at, number in enumerate(numbers)]
    program += [(0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x7FF00000)]
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    instructions = ctypes.create_string_buffer(code, len(code))
    head = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(program), ctypes.addressof(instructions)), 16)
    if LIBC.prctl(22, 2, ctypes.c_void_p(ctypes.addressof(head)), 0, 0) != 0:
        os._exit(125)


def said(pid, address):
    """The path that a call names, or its beginning."""
    with open(f"/proc/{pid}/mem", "rb", 0) as memory:
        try:
            memory.seek(address)
            return memory.read(16).split(b"\0")[0]
        except (OSError, OverflowError):
            return b""


def is_scratch(path):
    """Of no file that outlives its process: ksh keeps what commands say in nameless ones, and writes there at every turn."""
    return path.startswith(("/dev/", "/proc/", "/tmp/sf")) or path.endswith(" (deleted)")


def changes(pid):
    """Whether this process is about to make one of these calls on a file."""
    info = ctypes.create_string_buffer(88)
    size = ptrace(GET_SYSCALL_INFO, pid, 88, ctypes.addressof(info))
    if size < 80 or info.raw[0] != 3:
        return False
    number, *args = struct.unpack("7Q", info.raw[24:80])
    if number not in CALLS:
        return False
    if number in (2, 257) and not args[number == 257 and 2 or 1] & CREATES:
        return False
    if number in BY_DESCRIPTOR:
        try:
            path = os.readlink(f"/proc/{pid}/fd/{args[BY_DESCRIPTOR[number]]}")
        except OSError:
            return False
        return path.startswith("/") and not is_scratch(path)
    return not is_scratch(said(pid, args[1 if CALLS[number].endswith("at") else 0]).decode("latin1"))


def runs_on(living):
    """Whether any of them is still of the command's own group: what has left it holds none of its descriptors."""
    for pid in living:
        try:
            if os.getpgid(pid) == os.getpgrp():
                return True
        except ProcessLookupError:
            pass
    return False


def follow(mode, nth, command, tell):
    first = os.fork()
    if first == 0:
        ptrace(TRACEME, 0)
        os.kill(os.getpid(), signal.SIGSTOP)
        stop_at_calls()
        os.execvp(command[0], command)
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)
    os.waitpid(first, 0)
    ptrace(SETOPTIONS, first, 0, OPTIONS)
    ptrace(CONT, first)
    living, count, code = {first}, 0, 0
    while living:
        if first not in living and not runs_on(living):
            tell(count, code)
        try:
            pid, status = os.waitpid(-1, 0x40000000)
        except ChildProcessError:
            break
        if os.WIFEXITED(status) or os.WIFSIGNALED(status):
            living.discard(pid)
            if pid == first:
                code = os.waitstatus_to_exitcode(status)
            continue
        living.add(pid)
        number, event = os.WSTOPSIG(status), status >> 16
        if event == 7 and changes(pid):
            count += 1
            if count == nth:
                for other in living if mode == "all" else {pid}:
                    os.kill(other, signal.SIGKILL)
                continue
        is_ours = number in (signal.SIGSTOP, signal.SIGTRAP)
        ptrace(CONT, pid, 0, 0 if is_ours else number)
    tell(count, code)


def main():
    """Ends with the command, as sshd closes a channel; a dead-man that it has left is followed by another process."""
    mode, nth, command = sys.argv[1], int(sys.argv[2]), sys.argv[3:]
    hears, tells = os.pipe()
    if os.fork() != 0:
        os.close(tells)
        sys.exit((os.read(hears, 1) or b"\x7d")[0])

    def tell(count, code):
        nonlocal tells
        if tells is not None:
            sys.stderr.write(f"{count}\n")
            sys.stderr.flush()
            os.write(tells, bytes([code if code >= 0 else 128 - code]))
            os.close(tells)
            tells = None

    os.close(hears)
    follow(mode, nth, command, tell)


main()
