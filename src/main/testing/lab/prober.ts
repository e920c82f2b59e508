import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";
import { Client } from "ssh2";

/** From when to when, in milliseconds of this process; and what it met. */
type FailedLogin = { begun: number; ended: number; message: string };

type ProberOptions = {
  address: string;
  port?: number;
  user: string;
  keyFile: string;
  /** The address that it comes from; otherwise what the system takes. */
  from?: string;
  /** Begins a login so often; five a second and more unless it is one prober of many. */
  everyMs?: number;
  /** Whether a fault is on in which nobody can log in, whatever the keys are. */
  owns?: (login: FailedLogin) => boolean;
};

export type Prober = Awaited<ReturnType<typeof startProber>>;

const EVERY_MS = 150;
/** So many logins at once: a busy machine is slow at each, and sshd drops strangers beyond ten. */
const MOST_AT_ONCE = 4;
const READY_MS = 30_000;

/** Logs in with a key that nobody changes, by fresh connections alone and by nothing of the program, until it is stopped. */
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
    /** What each failed login met that no fault owns. */
    failures,
    logins: () => count.logins,
    /** Logins that failed while a fault owned the moment. */
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

/** Null where it was let in; otherwise why not. */
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
  /** A private key file, which may have its public half beside it. */
  keyFile: string;
  /** Stands before the client: it logs in from there. */
  before?: readonly string[];
};

/** A person's script that logs in every now and then, and not without a pause. */
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
    /** What the client has said of each login that failed. */
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

  /** Null where it was let in. */
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
