import { existsSync } from "node:fs";
import { PATIENT } from "./patient.ts";

const JOURNALD = "/usr/lib/systemd/systemd-journald";

/** Whether this machine has a journald to lend. */
export const canStartJournal = (): boolean => existsSync(JOURNALD);

/**
 * Shell text: a real journald in a host of the lab. It takes what sshd logs there and nothing else, and keeps it in a journal
 * of that host's own. The audit subsystem and the kernel's messages, which are the machine's, are left alone. It goes by the
 * host's own clock where that has one (`OWN_CLOCK`).
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
