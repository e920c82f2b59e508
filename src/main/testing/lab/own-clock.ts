import type { LabHost } from "./start-host.ts";

/**
 * Shell text: a clock of its own for a host of the lab, which shares the machine's. `date` tells it, and so does whatever `by-clock`
 * starts there. A journald that it starts stamps by that clock what it keeps: the kernel, which knows the machine's time alone, is
 * kept from stamping its messages (SO_TIMESTAMP is granted and not set). All its clocks go along, for where the monotonic one does not,
 * its event loop ends at the next timer.
 */
export const OWN_CLOCK = `
echo +0 > /run/clock
cat > /usr/local/bin/by-clock <<'PYTHON'
#!/usr/bin/env python3
import ctypes, os, struct, sys

CALLS = {"x86_64": (0xC000003E, 54), "aarch64": (0xC00000B7, 208)}
if os.uname().machine not in CALLS:
    sys.exit(f"by-clock knows no calls of {os.uname().machine}")
architecture, setsockopt = CALLS[os.uname().machine]
SOL_SOCKET, SO_TIMESTAMP_OLD, SO_TIMESTAMP_NEW = 1, 29, 63
LOAD, IF_EQUAL, RETURN = 0x20, 0x15, 0x06
ALLOWED, DONE_WITHOUT_DOING = 0x7FFF0000, 0x00050000
steps = [
    (LOAD, 0, 0, 4), (IF_EQUAL, 0, 8, architecture),
    (LOAD, 0, 0, 0), (IF_EQUAL, 0, 6, setsockopt),
    (LOAD, 0, 0, 24), (IF_EQUAL, 0, 4, SOL_SOCKET),
    (LOAD, 0, 0, 32), (IF_EQUAL, 1, 0, SO_TIMESTAMP_OLD), (IF_EQUAL, 0, 1, SO_TIMESTAMP_NEW),
    (RETURN, 0, 0, DONE_WITHOUT_DOING), (RETURN, 0, 0, ALLOWED),
]
program = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *step) for step in steps))
rules = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(steps), ctypes.addressof(program)))
PR_SET_NO_NEW_PRIVS, PR_SET_SECCOMP, SECCOMP_MODE_FILTER = 38, 22, 2
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) or libc.prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, rules, 0, 0):
    sys.exit(f"by-clock may not filter its own calls: {os.strerror(ctypes.get_errno())}")
os.environ.update(
    LD_PRELOAD="/usr/$LIB/faketime/libfaketime.so.1", FAKETIME_TIMESTAMP_FILE="/run/clock",
    FAKETIME_NO_CACHE="1", NO_FAKE_STAT="1",
)
os.execvp(sys.argv[1], sys.argv[1:])
PYTHON
cp /bin/date /bin/date.real
cat > /run/date <<'SHELL'
#!/bin/sh
LD_PRELOAD='/usr/$LIB/faketime/libfaketime.so.1' FAKETIME_TIMESTAMP_FILE=/run/clock exec /bin/date.real "$@"
SHELL
chmod 755 /usr/local/bin/by-clock /run/date
mv /run/date /bin/date
`;

const DAY_SECONDS = 86_400;

/** `now` of this computer, and the clock of a host with `OWN_CLOCK`, which goes along: so many days ahead of the machine's. */
export function goAlong(host: LabHost) {
  let days = 0;
  return {
    now: () => new Date(Date.now() + days * DAY_SECONDS * 1_000),
    async setDays(ahead: number): Promise<void> {
      days = ahead;
      const seconds = Math.round(ahead * DAY_SECONDS);
      await host.run(`echo +${seconds} > /run/clock.new; mv /run/clock.new /run/clock`);
    },
  };
}
