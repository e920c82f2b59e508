import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { type Prober, startProber } from "#testing/lab/prober.ts";

const run = promisify(execFile);

/**
 * Of all hosts together, so that there are five logins a second and more however many hosts there are. Each costs its host some 40 ms of a
 * processor, so that beside all other tests (the lab project) there are fewer.
 */
const EVERY_MS = process.env.LATCHKEY_TEST_LOGINS === "seldom" ? 600 : 150;

/** A key that nobody changes; whoever is watched has its line in the files that are changed. */
export async function makeRetainedKey(folder: string): Promise<{ line: string; keyFile: string }> {
  const keyFile = join(folder, "retained");
  await run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "retained", "-f", keyFile]);
  return { line: (await readFile(`${keyFile}.pub`, "utf8")).trim(), keyFile };
}

type Wish = {
  keyFile: string;
  account?: string;
  /** sshd reads its configuration anew meanwhile: it listens to nobody for a moment then, and has locked nobody out. */
  reloads?: boolean;
  /** The address that these logins come from, where the fault is about the one that all others come from. */
  from?: string;
};

type Owns = NonNullable<Parameters<typeof startProber>[0]["owns"]>;

/** Logs in to each of these hosts over and over by the key that nobody changes, whatever is done to them meanwhile. */
export async function watchLogins(
  hosts: readonly { address: string; port?: number }[],
  { account = "deploy", reloads = false, ...wish }: Wish,
) {
  await using stack = new AsyncDisposableStack();
  const fault = createFault();
  const owns: Owns = (login) => fault.owns(login) || (reloads && login.message.includes("ECONNREFUSED"));
  const login = { ...wish, user: account, owns, everyMs: EVERY_MS * hosts.length };
  const probers: Prober[] = [];
  for (const { address, port = 22 } of hosts)
    probers.push(stack.use(await startProber({ ...login, address, port })));
  const owned = stack.move();
  return {
    /** Of the moments in which the fault alone keeps everybody out. */
    fault,
    /** Nobody was kept out but by the fault itself. A sentence for the table. */
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
  // Each host has taken somebody in since all of this was over.
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
