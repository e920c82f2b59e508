import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { App } from "#app";
import { CHALLENGE_NAMESPACE, type RunDetail } from "#shared/model/runs/run.ts";
import { type Desk, scanAll } from "#testing/lab/desk.ts";
import type { LabHost } from "#testing/lab/start-host.ts";
import { carryOut, untilStill } from "#testing/runs/follow.ts";
import { FILE, startProbedHosts } from "#testing/runs/unruly-hosts.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";

const run = promisify(execFile);
const PROGRAM = join(import.meta.dirname, "forge-login.py");

/** Runs the attacker's program as an ordinary user of the host. */
export async function forge(host: LabHost, ...words: string[]): Promise<void> {
  const program = (await readFile(PROGRAM)).toString("base64");
  const quoted = words.map((word) => `'${word}'`).join(" ");
  await host.run(`echo ${program} | base64 -d > /tmp/forge-login.py
    setpriv --reuid mallory --regid mallory --clear-groups python3 /tmp/forge-login.py ${quoted}`);
}

/** A run that replaces an old key with one that somebody else has made, and that waits for a login with the new one. */
export async function startGivenRun(desk: Desk, log: string) {
  const make = (folder: string, name: string) =>
    makeKeyFile(folder, name, ["-t", "ed25519", "-N", "", "-C", `${name}@x`]);
  const old = await make(join(desk.home, ".ssh"), "old");
  const given = await make(desk.home, "given");
  await using stack = new AsyncDisposableStack();
  const probed = stack.use(
    await startProbedHosts(desk, {
      prepare: `useradd mallory; printf '%s\\n' '${old.publicLine.trim()}' "$retained" > ${FILE}`,
    }),
  );
  const [web] = probed.hosts;
  await web.run(log);
  const app = stack.use(desk.open());
  await scanAll(app, { text: `root@${web.address}`, acceptNew: true });
  const request = { kind: "rotate-key" as const, fingerprint: old.fingerprint, newKey: given.publicLine };
  const begun = await carryOut(app, request);
  if (begun.state !== "waiting") throw new Error(`the run is ${begun.state}: ${begun.message}`);
  const owned = stack.move();
  return {
    app,
    web,
    given,
    runId: begun.id,
    goOn: () => goOn(app, begun.id),
    said: async () => (await app.client.runs.entries({ runId: begun.id })).rows.map(({ text }) => text),
    hasOld: async () => (await probed.readKeys(web)).includes(old.publicLine.split(" ")[1] ?? "?"),
    expectNobodyLockedOut: probed.expectNobodyLockedOut,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

const goOn = (app: App, runId: RunDetail["id"]): Promise<RunDetail> =>
  untilStill(app, async () => {
    await app.client.runs.resume({ runId });
    return runId;
  });

/** The signature of the key's owner over what `latchkey runs challenge` shows. */
export async function signChallenge(desk: Desk, key: { path: string }, challenge: string): Promise<string> {
  const file = join(desk.home, "challenge.txt");
  await writeFile(file, challenge);
  await run("ssh-keygen", ["-q", "-Y", "sign", "-n", CHALLENGE_NAMESPACE, "-f", key.path, file]);
  const signature = await readFile(`${file}.sig`, "utf8");
  await run("rm", [`${file}.sig`]);
  return signature;
}
