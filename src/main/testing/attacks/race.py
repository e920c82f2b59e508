"""What a user does so that root's scan reads what only root may: puts something else in the place of what was just looked at.

    race.py turns SEED WHAT...      moves once for each line that comes through /run/races/turn-PID, and says so through moved-PID there
    race.py free SEED WHAT...       moves as soon as anybody opens or closes one of the files, and now and then, until it is killed

WHAT is KIND:PATH:TARGET. link: PATH becomes a link to TARGET; fifo: a pipe that nobody writes to; folder: PATH is a folder that becomes
a link to the folder TARGET; hard: another name of TARGET, where the kernel gives one; stop: whatever runs as this user is stopped.
"""
import ctypes, os, random, select, signal, sys, time

libc = ctypes.CDLL(None, use_errno=True)
AT_FDCWD, EXCHANGE = -100, 2
IN_OPEN, IN_CLOSE_NOWRITE, IN_ACCESS = 0x20, 0x10, 0x1
how, seed, *specs = sys.argv[1:]
chance = random.Random(int(seed))
home = os.path.expanduser("~")
aside = f"{home}/aside-{os.getpid()}"
os.mkdir(aside)


def prepare(number, kind, path, target):
    other = f"{aside}/{number}"
    if kind == "stop":
        return None
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if kind == "folder":
        os.makedirs(path, exist_ok=True)
        os.symlink(target, other)
    else:
        if not os.path.exists(path):
            with open(path, "w") as file:
                file.write("# nothing here\n")
            os.chmod(path, 0o644)
        if kind == "fifo":
            os.mkfifo(other)
        elif kind == "link":
            os.symlink(target, other)
        else:
            try:
                os.link(target, other)
            except OSError:
                os.symlink(target, other)
    return path.encode(), other.encode()


places = [prepare(n, *spec.split(":")) for n, spec in enumerate(specs)]


def exchange(place):
    libc.renameat2(AT_FDCWD, place[0], AT_FDCWD, place[1], EXCHANGE)


def stop_readers():
    for entry in os.listdir("/proc"):
        try:
            if entry.isdigit() and int(entry) != os.getpid() and os.stat(f"/proc/{entry}").st_uid == os.getuid():
                os.kill(int(entry), signal.SIGSTOP)
        except OSError:
            pass


def move(place):
    if place is None:
        stop_readers()
    else:
        exchange(place)


if how == "turns":
    ends = []
    for name in ("moved", "turn"):
        path = f"/run/races/{name}-{os.getpid()}"
        os.mkfifo(path)
        os.chmod(path, 0o666)
        ends.append(os.open(path, os.O_RDWR))
    moved, turns = ends
print("ready", flush=True)
# Until whoever started this holds the other end.
os.open("/run/races/begin", os.O_RDONLY)
if how == "turns":
    while os.read(turns, 1):
        for place in places:
            if chance.random() < 0.5:
                move(place)
        os.write(moved, b"\n")
notify = libc.inotify_init()
for place in places:
    if place is not None:
        libc.inotify_add_watch(notify, place[0], IN_OPEN | IN_ACCESS | IN_CLOSE_NOWRITE)
while True:
    if select.select([notify], [], [], chance.random() * 0.02)[0]:
        os.read(notify, 65536)
    place = chance.choice(places)
    move(place)
    if place is not None:
        time.sleep(chance.random() * 0.004)
        exchange(place)
