import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { agreeTo, makePlan } from "#testing/runs/follow.ts";
import { type KeyFile, makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { writeBundle } from "./write-bundle.ts";

const run = promisify(execFile);
const AT = "2026-12-01T12:00:00Z";
const attack = (name: string) => join(import.meta.dirname, name);

/** A workstation that knows web1 by bundles alone, and an attacker who transports them. */
async function makeVictim() {
  const folder = await makeTemporaryFolder();
  const make = (name: string) => makeKeyFile(folder.path, name);
  const [carrier, first, second] = [await make("carrier"), await make("first"), await make("second")];
  const app = createApp({ databasePath: ":memory:", now: () => new Date(AT) });
  const { runs, bundles, access } = app.client;
  let written = 0;
  const python = async (...args: string[]) => {
    const { stdout } = await run("python3", args, { encoding: "buffer", maxBuffer: 1 << 26 });
    return stdout;
  };

  /** Names `named` as the host's only key, and has the signatures of these keys, in their order. */
  async function importBundle(named: KeyFile, signers: readonly KeyFile[]) {
    written += 1;
    const parts = { folder: folder.path, nonce: `abc${written}`, later: written, named, signers };
    const bundle = await writeBundle(parts);
    return bundles.import({ base64: bundle.toString("base64") });
  }

  async function planRemoval() {
    const { rows } = await access.list({});
    const grant = rows.find(({ fingerprint }) => fingerprint !== null);
    const planned = await makePlan(app, { kind: "remove-grants", grants: grant ? [grant.id] : [] });
    return { planned, hostKey: planned.plan?.hosts[0]?.hostKey };
  }

  return {
    runs,
    carrier,
    first,
    second,
    importBundle,
    planRemoval,
    async forge(text: string, signer: KeyFile) {
      const script = join(folder.path, "script.sh");
      await writeFile(script, text);
      const ended = String(Date.parse(AT) / 1_000);
      const signed = ["--ended", ended, "--sign", signer.path];
      const result = await python(attack("forge-result.py"), script, "committed", ...signed);
      return { base64: result.toString("base64") };
    },
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]();
      await folder.remove();
    },
  };
}

test("a carrier who names a key of theirs in an unsigned bundle ends no run with it", async () => {
  await using victim = await makeVictim();
  const { runs, carrier } = victim;
  expect(await victim.importBundle(carrier, [])).toMatchObject({ standing: { kind: "claimed" } });
  const { planned, hostKey } = await victim.planRemoval();
  const { files } = await runs.exportScripts({ planId: planned.id, ...agreeTo(planned) });
  const [{ text } = { text: "" }] = files;
  const taken = await runs.importResult(await victim.forge(text, carrier));
  expect(taken).toMatchObject({ state: "waiting", verifiedBy: null });
  expect(await runs.find(taken)).toMatchObject({ state: "waiting", stepsDone: 0 });
  expect(hostKey).toBe("");
  expect(text).toContain("\noffline_pin=''\n");
  expect(text).toContain("# No host key of it is known");
});

test("a host is pinned to a key that signed its bundle, not to one that the bundle names", async () => {
  await using victim = await makeVictim();
  const { carrier, first } = victim;
  await victim.importBundle(carrier, [first]);
  expect((await victim.planRemoval()).hostKey).toBe(first.fingerprint);
});

test("a signature that a carrier puts beside the host's makes their key none of the host's", async () => {
  await using victim = await makeVictim();
  const { carrier, first, second } = victim;
  await victim.importBundle(first, [carrier, first]);
  expect((await victim.planRemoval()).hostKey).toBe(first.fingerprint);
  // A new host key is accepted with a signature by the known one.
  await victim.importBundle(second, [carrier, second, first]);
  expect((await victim.planRemoval()).hostKey).toBe(first.fingerprint);
  await expect(victim.importBundle(second, [carrier])).rejects.toThrow(
    "signed by a host key by which the host is not known",
  );
});
