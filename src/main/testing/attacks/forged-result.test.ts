import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { hashPlan } from "#domain/runs/hash-plan.ts";
import { makeFile, makeHolder, makeHost, makePlanValue } from "#domain/runs/testdata/make-plan-value.ts";
import { NEW_KEY_PLACEHOLDER, type Plan } from "#shared/model/runs/plan.ts";
import { openStore } from "#store/store.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const run = promisify(execFile);
const FORGER = join(import.meta.dirname, "forge-result.py");
const AT = "2026-03-01T00:00:00Z";

const line = { at: 0, removed: "", inserted: `${NEW_KEY_PLACEHOLDER} deploy\n` };

/** The key is created on the vault host, and its line added on two hosts. */
const MADE = makePlanValue({
  newKey: {
    kind: "made-on-host",
    keyType: "ed25519",
    comment: "",
    host: "vault",
    port: 22,
    path: makeHolder("vault").path,
  },
  hosts: [
    makeHost({ host: "vault", batch: 0, privateKeyLocations: [makeHolder("vault")] }),
    ...["web1", "web2"].map((host, index) =>
      makeHost({ host, batch: 1, files: [{ ...makeFile(index, "both"), added: [line], removed: [line] }] }),
    ),
  ],
});

const given = { at: 0, removed: "", inserted: "ssh-ed25519 AAAA deploy\n" };

/** An imported key is added on one host, whose host key this is, and the old one is revoked there. */
const givenTo = (hostKey: string) => {
  const after = { added: "a".repeat(64), removed: "b".repeat(64) };
  const file = { ...makeFile(0, "both"), added: [given], removed: [given], after };
  return makePlanValue({
    newKey: { kind: "provided", line: "ssh-ed25519 AAAA", comment: "", path: null },
    hosts: [makeHost({ host: "web1", batch: 0, hostKey, files: [file] })],
  });
};

/** A workstation with a plan, which exports its scripts and imports results. */
async function makeVictim(makePlan: (hostKey: string) => Plan) {
  const folder = await makeTemporaryFolder();
  const hostKey = await makeKeyFile(folder.path, "host");
  const plan = makePlan(hostKey.fingerprint);
  const databasePath = join(folder.path, "latchkey.db");
  const store = openStore({ path: databasePath, access: "write" });
  const planId = store.atomically(() => store.runbooks.plans.take({ plan, hash: hashPlan(plan), at: AT }));
  store.close();
  const workstation = { user: "ann", home: folder.path, agentSocket: null };
  const app = createApp({ databasePath, workstation, now: () => new Date(AT) });
  const { runs } = app.client;
  const forger = await makeKeyFile(folder.path, "forger");
  return {
    runs,
    forger,
    hostKey,
    forge: async (script: string, ...args: string[]): Promise<{ base64: string }> => {
      await writeFile(join(folder.path, "script.sh"), script);
      const { stdout } = await run("python3", [
        FORGER,
        join(folder.path, "script.sh"),
        "--ended",
        String(Date.parse(AT) / 1_000),
        ...args,
      ]);
      return { base64: Buffer.from(stdout, "latin1").toString("base64") };
    },
    write: async () => (await runs.exportScripts({ planId, acknowledgements: ["unsigned-scripts"] })).files,
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]();
      await folder.remove();
    },
  };
}

test("the key of a forged result of making the new key gets into no script", async () => {
  await using victim = await makeVictim(() => MADE);
  const { runs, forger, write } = victim;
  const [script] = await write();
  const forged = await victim.forge(script?.text ?? "", "done", "--key", forger.path);
  const taken = await runs.importResult(forged);
  const next = await write();
  for (const { text } of next) expect(text).not.toContain(forger.publicLine.split(" ")[1]);
  expect(next.map(({ phases }) => phases)).toEqual([["create-key"]]);
  expect(await runs.find(taken)).toMatchObject({ newKey: null, state: "waiting", stepsDone: 0 });
});

test("a forged result that says committed, with the hashes of before or of after, ends no run", async () => {
  await using victim = await makeVictim(givenTo);
  const { runs, forger, hostKey, write, forge } = victim;
  const [script] = await write();
  const text = script?.text ?? "";
  await expect(runs.importResult(await forge(text, "committed", "--hash", "before"))).rejects.toThrow(
    "its files are not what the plan leaves",
  );
  const taken = await runs.importResult(await forge(text, "committed"));
  expect(taken).toMatchObject({ state: "waiting", verifiedBy: null });
  const run = await runs.find(taken);
  expect(run).toMatchObject({
    state: "waiting",
    stepsDone: 0,
    claims: [{ host: "web1", outcome: "committed" }],
  });
  expect((await write()).map(({ phases }) => phases)).toEqual([["grant", "revoke", "finish"]]);
  await expect(runs.importResult(await forge(text, "committed", "--sign", forger.path))).rejects.toThrow(
    `signed by the host key ${forger.fingerprint}`,
  );
  const own = await forge(text, "committed", "--sign", hostKey.path);
  expect(await runs.importResult(own)).toMatchObject({ state: "committed", verifiedBy: "host" });
  expect((await runs.find(taken)).claims).toEqual([]);
});

test("a result of an earlier script undoes nothing that one of a later script has reported, whatever day it names", async () => {
  await using victim = await makeVictim(givenTo);
  const { runs, hostKey, write, forge } = victim;
  const [earlier] = await write();
  const [later] = await write();
  const signed = ["--sign", hostKey.path];
  const back = await forge(
    earlier?.text ?? "",
    "rolled-back",
    "--hash",
    "before",
    "--ended",
    "9999999999",
    ...signed,
  );
  const done = await runs.importResult(await forge(later?.text ?? "", "committed", ...signed));
  await expect(runs.importResult(back)).rejects.toThrow("of a script that was written later");
  expect(await runs.find(done)).toMatchObject({ state: "committed" });
});

test("a result is of its script alone: with another nonce, phase or host it is of none that was written", async () => {
  await using victim = await makeVictim(givenTo);
  const { runs, hostKey, write, forge } = victim;
  const [script] = await write();
  const text = script?.text ?? "";
  const signed = ["--sign", hostKey.path];
  const otherNonce = text.replace(/^offline_nonce=.*$/m, `offline_nonce=${"0".repeat(64)}`);
  for (const forged of [
    await forge(otherNonce, "committed", ...signed),
    await forge(text, "done", "--phases", "grant", "--hash", "added", ...signed),
  ])
    await expect(runs.importResult(forged)).rejects.toThrow("of no script that was written here for web1");
});

test("a result from the future is refused, and keeps no true one out", async () => {
  await using victim = await makeVictim(givenTo);
  const { runs, hostKey, write } = victim;
  const [script] = await write();
  const at = Date.parse(AT) / 1_000;
  const forge = (ended: number) =>
    victim.forge(script?.text ?? "", "committed", "--sign", hostKey.path, "--ended", String(ended));
  await expect(runs.importResult(await forge(at + 301))).rejects.toThrow(
    /^the result is from the future: by the clock of web1 its script ended at 2026-03-01T00:05:01Z/,
  );
  expect(await runs.importResult(await forge(at))).toMatchObject({ state: "committed" });
});
