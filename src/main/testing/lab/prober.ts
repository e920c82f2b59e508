import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "ssh2";

/** Begin and end in milliseconds of this process, and the error. */
type FailedLogin = { begun: number; ended: number; message: string };

type ProberOptions = {
  address: string;
  port?: number;
  user: string;
  keyFile: string;
  /** The address that it connects from; by default the system chooses. */
  from?: string;
  /** Begins a login at this interval; by default at least five a second, fewer only for one of many probers. */
  everyMs?: number;
  /** Whether a fault is active during which nobody can log in, whatever the keys are. */
  owns?: (login: FailedLogin) => boolean;
};

export type Prober = Awaited<ReturnType<typeof startProber>>;

const EVERY_MS = 150;
/**
 * At most this many logins at once: a busy machine is slow at each, and sshd drops unauthenticated clients beyond ten.
 */
const MOST_AT_ONCE = 4;
const READY_MS = 30_000;

/**
 * Logs in with a key that nobody changes, by fresh connections and without any code of the program, until it is
 * stopped.
 */
export async function startProber({
  keyFile,
  everyMs = EVERY_MS,
  owns = () => false,
  ...where
}: ProberOptions) {
  const login = { ...where, privateKey: await readFile(keyFile) };
  const controller = new AbortController();
  const { signal } = controller;
  const since = performance.now();
  const failures: string[] = [];
  const count = { logins: 0, owned: 0 };
  const goingOn = new Set<Promise<void>>();
  const probing = probe();
  return {
    /** The errors of failed logins that no fault explains. */
    failures,
    logins: () => count.logins,
    /** Logins that failed while a fault explained it. */
    owned: () => count.owned,
    perSecond: () => (count.logins * 1_000) / (performance.now() - since),
    async [Symbol.asyncDispose]() {
      controller.abort();
      await probing;
    },
  };

  async function probe(): Promise<void> {
    while (!signal.aborted) {
      const next = pause(everyMs, undefined, { signal }).catch(() => undefined);
      const trying = tryOnce().finally(() => goingOn.delete(trying));
      goingOn.add(trying);
      await next;
      if (goingOn.size >= MOST_AT_ONCE) await Promise.race(goingOn);
    }
    await Promise.all(goingOn);
  }

  async function tryOnce(): Promise<void> {
    const begun = performance.now();
    const met = await logIn(login, signal);
    if (signal.aborted) return;
    if (met === null) count.logins++;
    else if (owns({ begun, ended: performance.now(), message: met })) count.owned++;
    else failures.push(met);
  }
}

type Login = { address: string; port?: number; user: string; privateKey: Buffer; from?: string };

/** Null if the login succeeded; otherwise why not. */
async function logIn(
  { address, port = 22, user, privateKey, from }: Login,
  signal: AbortSignal,
): Promise<string | null> {
  const client = new Client();
  const { promise, resolve } = Promise.withResolvers<string | null>();
  const stop = () => resolve("stopped");
  signal.addEventListener("abort", stop);
  client
    .on("ready", () => resolve(null))
    .on("error", ({ message }) => resolve(message))
    .on("close", () => resolve("closed before it was let in"))
    .connect({
      host: address,
      port,
      username: user,
      privateKey,
      readyTimeout: READY_MS,
      ...(from ? { localAddress: from } : {}),
      hostVerifier: () => true,
    });
  try {
    return await promise;
  } finally {
    signal.removeEventListener("abort", stop);
    client.destroy();
  }
}

type Options = {
  address: string;
  port?: number;
  user: string;
  /** A private key file, which may have its public key beside it. */
  keyFile: string;
  /** The words before the client, so that it logs in from another network or host. */
  before?: readonly string[];
};

/** Like a person's script that logs in every now and then, with pauses. */
const PAUSE_MS = 150;

const OPTIONS = [
  "-F",
  "none",
  "-o",
  "BatchMode=yes",
  "-o",
  "IdentitiesOnly=yes",
  "-o",
  "IdentityAgent=none",
  "-o",
  "StrictHostKeyChecking=no",
  "-o",
  "UserKnownHostsFile=/dev/null",
  "-o",
  "LogLevel=ERROR",
  "-o",
  "PreferredAuthentications=publickey",
  "-o",
  "ConnectTimeout=60",
];

export type FileProber = ReturnType<typeof startFileProber>;

/** Logs in by a key file with OpenSSH's own client, one login after the other, until it is stopped. */
export function startFileProber({ address, port = 22, user, keyFile, before = [] }: Options) {
  const failures: string[] = [];
  const count = { logins: 0 };
  const controller = new AbortController();
  const { signal } = controller;
  const probing = probe();
  return {
    /** The client's messages about each failed login. */
    failures,
    logins: () => count.logins,
    async [Symbol.asyncDispose]() {
      controller.abort();
      await probing;
    },
  };

  async function probe(): Promise<void> {
    while (!signal.aborted) {
      const said = await logInBySsh();
      if (signal.aborted) return;
      if (said === null) count.logins++;
      else failures.push(said);
      await pause(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Null if the login succeeded. */
  async function logInBySsh(): Promise<string | null> {
    const words = [
      ...before,
      "ssh",
      ...OPTIONS,
      "-i",
      keyFile,
      "-p",
      String(port),
      `${user}@${address}`,
      "true",
    ];
    const [command = "", ...args] = words;
    const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe"] });
    const stop = () => void child.kill();
    signal.addEventListener("abort", stop);
    try {
      const [said, [code]] = await Promise.all([text(child.stderr), once(child, "exit")]);
      return code === 0 ? null : said.trim() || `exit ${code}`;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }
}
