import { execFile } from "node:child_process";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import type { LabHost } from "#testing/lab/start-host.ts";

const run = promisify(execFile);

/** Logins are logged there with a year and an offset, as rsyslog does it by default; by the host's own clock where that has one (`OWN_CLOCK`). */
export const LOG_WITH_OFFSETS = `
  rm -f /dev/log
  cat >/run/log.py <<'PYTHON'
import datetime, os, socket
log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
log.bind("/dev/log")
os.chmod("/dev/log", 0o666)
open("/run/log.ready", "w").close()
while True:
    said = log.recv(9000).decode().split(">", 1)[1][16:].strip("\\0\\n")
    with open("/var/log/auth.log", "a") as file:
        file.write(datetime.datetime.now().astimezone().isoformat() + " web " + said + "\\n")
PYTHON
  setsid $(command -v by-clock) python3 /run/log.py </dev/null >/dev/null 2>&1 &
  until [ -e /run/log.ready ]; do sleep 0.05; done`;

/** By OpenSSH's client, with this key and nothing else; from that address of this machine. */
export async function logIn({ address }: LabHost, path: string, from?: string): Promise<void> {
  const key = [
    ...(from === undefined ? [] : ["-b", from]),
    "-i",
    path,
    "-o",
    "IdentitiesOnly=yes",
    "-o",
    "IdentityAgent=none",
  ];
  const unknown = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null"];
  await run("ssh", ["-F", "none", ...unknown, ...key, `deploy@${address}`, "true"]);
}

/** Logs tell the second: what is logged from now on is of a later one than all that was. */
export const untilNextSecond = (): Promise<void> => untilSecondsLater(1);

/**
 * A login from now on is later, by the clock of a host, than whatever was proved until now: how far that clock is ahead is kept to a
 * second and taken for more (`toHostTime`), so that one within three seconds may count as before.
 */
export const untilSeenAsLater = (): Promise<void> => untilSecondsLater(3);

async function untilSecondsLater(seconds: number): Promise<void> {
  const second = () => Math.floor(Date.now() / 1_000);
  for (const begun = second(); second() < begun + seconds; ) await pause(20);
}
