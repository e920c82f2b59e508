import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { setTimeout as pause } from "node:timers/promises";

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
      const said = await logIn();
      if (signal.aborted) return;
      if (said === null) count.logins++;
      else failures.push(said);
      await pause(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Null where it was let in. */
  async function logIn(): Promise<string | null> {
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
