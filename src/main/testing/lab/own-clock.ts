import { existsSync } from "node:fs";
import type { LabHost } from "./start-host.ts";
import { PATIENT } from "./start-servers-host.ts";

/**
 * Shell text: a clock of its own for a lab host, which otherwise has the machine's. `date` shows it, and so does every
 * program that `by-clock` starts there. A journald started by it stamps its entries with that clock: SO_TIMESTAMP
 * succeeds without effect, so that the kernel, which has the machine's time only, does not stamp its messages. All
 * clocks of the process move together: if the monotonic one did not, journald's event loop would end at its next timer.
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

/**
 * `now` for this computer and the clock of a host with `OWN_CLOCK`, moved together: `setDays` says how many days ahead
 * of the machine's.
 */
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

const JOURNALD = "/usr/lib/systemd/systemd-journald";

/** Whether this machine has a journald that hosts can run. */
export const canStartJournal = (): boolean => existsSync(JOURNALD);

/**
 * Shell text: a real journald on a lab host. It receives what sshd logs there and nothing else, and stores it in a
 * journal of that host's own. The audit subsystem and the kernel's messages, which are the machine's, are not touched.
 * It uses the host's own clock if there is one (`OWN_CLOCK`).
 */
export const START_JOURNAL = `${PATIENT}
mkdir -p /run/systemd/journald.conf.d /run/systemd/journal /run/log /var/log/journal /sys
mount -t sysfs -o ro sysfs /sys
mount -t cgroup2 -o ro cgroup2 /sys/fs/cgroup
printf '[Journal]\\nReadKMsg=no\\nAudit=\\nStorage=persistent\\nRateLimitBurst=0\\n' > /run/systemd/journald.conf.d/lab.conf
for process in /proc/[0-9]*; do
  case $(cat $process/comm 2>/dev/null) in syslogd | busybox) kill -9 \${process#/proc/} ;; esac
done
rm -f /var/log/auth.log
setsid $(command -v by-clock) ${JOURNALD} </dev/null >/run/journald.said 2>&1 &
journald=$!
decided() { [ -S /run/systemd/journal/dev-log ] || ! kill -0 $journald 2>/dev/null; }
patient /run/journald.said decided
if [ ! -S /run/systemd/journal/dev-log ]; then cat /run/journald.said >&2; exit 1; fi
ln -sf /run/systemd/journal/dev-log /dev/log
`;

/**
 * A lab host has no service manager. This stand-in says that it runs and supervises these processes; it does what their
 * units would, and records its commands. It tests nothing else of systemd: it has no timers, so a program that wants
 * one finds no systemd-run.
 */
export async function standInForSystemd(
  host: LabHost,
  units: readonly { unit: string; pid: string; reload?: string; restart?: string }[],
): Promise<{ asked(): Promise<string> }> {
  const cases = units.flatMap(({ unit, reload, restart }) => [
    ...(reload ? [`"reload ${unit}") ${reload} ;;`] : []),
    ...(restart ? [`"restart ${unit}") ${restart} ;;`] : []),
    `"show -p CanReload --value ${unit}") echo ${reload ? "yes" : "no"} ;;`,
  ]);
  await host.run(`
    mkdir -p /run/systemd/system
    rm -f /usr/bin/systemd-run
    cat >/usr/bin/systemctl.new <<'END'
#!/bin/sh
case $1 in show) ;; *) echo "$*" >>/run/asked ;; esac
case $* in
${cases.join("\n")}
*) echo "a stand-in for systemctl does not know: $*" >&2; exit 1 ;;
esac
END
    chmod 755 /usr/bin/systemctl.new
    mv /usr/bin/systemctl.new /usr/bin/systemctl
    : >/run/asked
  `);
  for (const { unit, pid } of units)
    await host.run(`
      echo '0::/system.slice/${unit}' >/run/cgroup-${unit}
      mount --bind /run/cgroup-${unit} /proc/${pid}/cgroup
    `);
  return { asked: () => host.run("cat /run/asked") };
}
