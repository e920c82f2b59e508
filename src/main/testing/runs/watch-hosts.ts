import { execFile } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { connect } from "node:tls";
import { promisify } from "node:util";
import { type Prober, startProber } from "#testing/lab/prober.ts";
import type { LabHost } from "#testing/lab/start-host.ts";

const execute = promisify(execFile);

/**
 * Interval for all hosts together, so that there are at least five logins a second however many hosts there are. Each
 * costs its host some 40 ms of a processor, so beside all other tests (the lab project) there are fewer.
 */
const EVERY_MS = process.env.LATCHKEY_TEST_LOGINS === "seldom" ? 600 : 150;

/** A key that nobody changes; the files that are changed contain its line. */
export async function makeRetainedKey(folder: string): Promise<{ line: string; keyFile: string }> {
  const keyFile = join(folder, "retained");
  await execute("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "retained", "-f", keyFile]);
  return { line: (await readFile(`${keyFile}.pub`, "utf8")).trim(), keyFile };
}

type Request = {
  keyFile: string;
  account?: string;
  /** sshd reloads its configuration meanwhile: for a moment it accepts no connection, and that locks nobody out. */
  reloads?: boolean;
  /** The address that these logins come from, if the fault is about the one that all others come from. */
  from?: string;
};

type Owns = NonNullable<Parameters<typeof startProber>[0]["owns"]>;

/** Logs in to each of these hosts over and over by the key that nobody changes, whatever is done to them meanwhile. */
export async function watchLogins(
  hosts: readonly { address: string; port?: number }[],
  { account = "deploy", reloads = false, ...request }: Request,
) {
  await using stack = new AsyncDisposableStack();
  const fault = createFault();
  const owns: Owns = (login) => fault.owns(login) || (reloads && login.message.includes("ECONNREFUSED"));
  const login = { ...request, user: account, owns, everyMs: EVERY_MS * hosts.length };
  const probers: Prober[] = [];
  for (const { address, port = 22 } of hosts)
    probers.push(stack.use(await startProber({ ...login, address, port })));
  const owned = stack.move();
  return {
    /** Marks the moments in which the fault alone keeps everybody out. */
    fault,
    /** Nobody was kept out except by the fault itself. Returns a sentence for the table. */
    expectNobodyLockedOut: () => judge(probers),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** While it is on, no login counts; before and after it, each does. */
function createFault() {
  const spans: { begun: number; ended: number }[] = [];
  return {
    begins: (): void => {
      spans.push({ begun: performance.now(), ended: Number.POSITIVE_INFINITY });
    },
    ends: (): void => {
      const last = spans.at(-1);
      if (last) last.ended = Math.min(last.ended, performance.now());
    },
    owns: (login: { begun: number; ended: number }): boolean =>
      spans.some(({ begun, ended }) => login.begun <= ended && login.ended >= begun),
  };
}

async function judge(probers: readonly Prober[]): Promise<string> {
  const before = probers.map((prober) => prober.logins());
  const failures = () => probers.flatMap((prober) => prober.failures);
  // Each host has accepted a login since all of this was over.
  while (failures().length === 0 && probers.some((prober, index) => prober.logins() === before[index]))
    await pause(20);
  if (failures().length > 0)
    throw new Error(`somebody was locked out ${failures().length} times: ${failures().join("; ")}`);
  const sum = (of: (prober: Prober) => number) => probers.reduce((total, prober) => total + of(prober), 0);
  const owned = sum((prober) => prober.owned());
  const rate = sum((prober) => prober.perSecond()).toFixed(1);
  const own = owned > 0 ? `, ${owned} more while the fault itself kept everybody out` : "";
  return `${sum((prober) => prober.logins())} logins with a retained key (${rate}/s), 0 failed${own}`;
}

const run = promisify(execFile);

/**
 * Logins are logged there with a year and an offset, as rsyslog does by default; by the host's own clock if it has one
 * (`OWN_CLOCK`).
 */
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

/** Logs in with OpenSSH's client, with this key and nothing else, from that address of this machine. */
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

/** Logs have a resolution of a second: what is logged from now on has a later one than everything before. */
export const untilNextSecond = (): Promise<void> => untilSecondsLater(1);

/**
 * A login from now on is later, by the clock of a host, than everything that was verified before. The offset of that
 * clock is kept to a second and rounded up (`toHostTime`), so a login within three seconds may count as earlier.
 */
export const untilSeenAsLater = (): Promise<void> => untilSecondsLater(3);

async function untilSecondsLater(seconds: number): Promise<void> {
  const second = () => Math.floor(Date.now() / 1_000);
  for (const begun = second(); second() < begun + seconds; ) await pause(20);
}

const PAUSE_MS = 50;

/** Reads the arguments and the environment of every process of this machine, over and over, until it is stopped. */
export function watchProcesses() {
  const seen = new Set<string>();
  let isOver = false;
  const watching = watch();
  return {
    /** All that was seen. */
    said: () => [...seen].join("\n"),
    async [Symbol.asyncDispose]() {
      isOver = true;
      await watching;
    },
  };

  async function watch(): Promise<void> {
    while (!isOver) {
      const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
      await Promise.all(pids.map(look));
      await pause(PAUSE_MS);
    }
  }

  async function look(pid: string): Promise<void> {
    for (const name of ["cmdline", "environ"])
      seen.add(await readFile(`/proc/${pid}/${name}`, "latin1").catch(() => ""));
  }
}

type Endpoint = { host: string; port: number };

/** What a client that connects five times a second sees: certificates by their SHA-256, and why there was none. */
type Watched = { leaves: Set<string>; errors: string[]; connections: number };

/** Connects over and over, as clients do, until it is disposed. */
export function watchServed(endpoint: Endpoint): AsyncDisposable & { seen: Watched } {
  const stop = new AbortController();
  const seen: Watched = { leaves: new Set(), errors: [], connections: 0 };
  const over = (async () => {
    while (!stop.signal.aborted) {
      const shown = await showLeaf(endpoint);
      seen.connections++;
      if ("leaf" in shown) seen.leaves.add(shown.leaf);
      else seen.errors.push(shown.error);
      await pause(200, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  })();
  return {
    seen,
    [Symbol.asyncDispose]: async () => {
      stop.abort();
      await over;
    },
  };
}

/** The SHA-256 of the leaf that is presented now, in lower case, or why there is none. */
export function showLeaf(endpoint: Endpoint): Promise<{ leaf: string } | { error: string }> {
  const { promise, resolve } = Promise.withResolvers<{ leaf: string } | { error: string }>();
  const socket = connect({ ...endpoint, rejectUnauthorized: false }, () => {
    const { fingerprint256 } = socket.getPeerCertificate();
    resolve({ leaf: fingerprint256.replaceAll(":", "").toLowerCase() });
    socket.destroy();
  });
  socket.once("error", (error: NodeJS.ErrnoException) => resolve({ error: error.code ?? error.message }));
  return promise;
}
