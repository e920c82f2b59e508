import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { hashPlan } from "#domain/rotation/plan/hash-plan.ts";
import { makeFile, makeHolder, makeHost, makePlanValue } from "#domain/rotation/testdata/make-plan-value.ts";
import { HOLE, type Plan } from "#shared/model/plan.ts";
import { openStore } from "#store/store.ts";
import { makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const run = promisify(execFile);
const FORGER = join(import.meta.dirname, "forge-result.py");
const AT = "2026-03-01T00:00:00Z";

const line = { at: 0, removed: "", inserted: `${HOLE} deploy\n` };

/** The key is made on the vault, and its line added on two hosts. */
const MADE = makePlanValue({
  newKey: {
    kind: "made-on-holder",
    keyType: "ed25519",
    comment: "",
    host: "vault",
    port: 22,
    path: makeHolder("vault").path,
  },
  hosts: [
    makeHost({ host: "vault", batch: 0, holders: [makeHolder("vault")] }),
    ...["web1", "web2"].map((host, index) =>
      makeHost({ host, batch: 1, files: [{ ...makeFile(index, "both"), added: [line], removed: [line] }] }),
    ),
  ],
});

/** A workstation with a plan; scripts of it are written, and results taken in. */
async function makeVictim(plan: Plan) {
  const folder = await makeTemporaryFolder();
  const databasePath = join(folder.path, "latchkey.db");
  const store = openStore({ path: databasePath, access: "write" });
  const planId = store.atomically(() => store.runbooks.plans.take({ plan, hash: hashPlan(plan), at: AT }));
  store.close();
  const workstation = { user: "ann", home: folder.path, agentSocket: null };
  const app = createApp({ databasePath, workstation, now: () => new Date(AT) });
  const { runbooks } = app.client;
  const forger = await makeKeyFile(folder.path, "forger");
  return {
    ...{ runbooks, forger },
    forge: async (script: string, ...args: string[]): Promise<{ base64: string }> => {
      await writeFile(join(folder.path, "script.sh"), script);
      const { stdout } = await run("python3", [FORGER, join(folder.path, "script.sh"), ...args]);
      return { base64: Buffer.from(stdout, "latin1").toString("base64") };
    },
    write: async () => (await runbooks.exportScripts({ planId, consents: ["unsigned-scripts"] })).files,
    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]();
      await folder.remove();
    },
  };
}

test("the key of a forged result of making the new key gets into no script", async () => {
  await using victim = await makeVictim(MADE);
  const { runbooks, forger, write } = victim;
  const [script] = await write();
  const forged = await victim.forge(script?.text ?? "", "done", "--key", forger.path);
  const taken = await runbooks.takeResult(forged);
  const next = await write();
  for (const { text } of next) expect(text).not.toContain(forger.publicLine.split(" ")[1]);
  expect(next.map(({ phases }) => phases)).toEqual([["make-key"]]);
  expect(await runbooks.find(taken)).toMatchObject({ newKey: null, state: "waiting", stepsDone: 0 });
});
