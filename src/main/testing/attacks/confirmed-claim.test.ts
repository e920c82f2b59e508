import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { hashBytes } from "#domain/runs/files/stages.ts";
import { hashPlan } from "#domain/runs/hash-plan.ts";
import {
  makeFile,
  makeHolder,
  makeHost,
  makePlanValue,
  makeRemovalPlan,
} from "#domain/runs/testdata/make-plan-value.ts";
import { POSSESSION_NAMESPACE, writeScanStatement } from "#domain/signatures/possession.ts";
import { signBytes } from "#net/local/sign-bytes.ts";
import { NEW_KEY_PLACEHOLDER, type Plan } from "#shared/model/runs/plan.ts";
import { openStore } from "#store/store.ts";
import { type KeyFile, makeKeyFile } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { writeBundle } from "./write-bundle.ts";

const run = promisify(execFile);
const START = Date.parse("2026-12-01T12:00:00Z");

/** The only line of alice's file in the sample, and the record that contains it. */
const LINE =
  "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ+W/ZNJDdQOKqqKM/ngZAge6RLEE7zM+ZoMwTw+5kp/ alice@laptop\n";
const RECORD =
  /^(authorized-keys) \d+ b64( path:\/home\/alice[^\n]*\n)[A-Za-z0-9+/=\n]*?(?=^[a-z-]+ (?:\d|-))/m;

/** The records of a bundle in which alice's file has these bytes. */
const withLine = (line: string) => (records: string) => {
  const base64 = line === "" ? "" : `${Buffer.from(line).toString("base64")}\n`;
  return records.replace(RECORD, (_, kind, rest) => `${kind} ${base64.length} b64${rest}${base64}`);
};

const FILE = {
  ...makeFile(0, "removed"),
  account: "alice",
  owner: "alice",
  path: "/home/alice/.ssh/authorized_keys",
  before: hashBytes(Buffer.from(LINE)),
  removed: [{ at: 0, removed: LINE, inserted: "" }],
};

/** Revokes alice's key on web1. */
const removal = (hostKey: string): Plan =>
  makeRemovalPlan({
    hosts: [
      makeHost({
        host: "web1",
        batch: 0,
        hostKey,
        files: [{ ...FILE, after: { added: FILE.before, removed: hashBytes(Buffer.from("")) } }],
      }),
    ],
  });

const HOLDER = { ...makeHolder("web1"), owner: "alice", path: "/home/alice/.ssh/id_ed25519" };
const hole = { at: 0, removed: "", inserted: `${NEW_KEY_PLACEHOLDER} deploy\n` };

/** The key is created on web1, and its line added on db1. */
const making = (hostKey: string): Plan =>
  makePlanValue({
    newKey: {
      kind: "made-on-host",
      keyType: "ed25519",
      comment: "",
      host: "web1",
      port: 22,
      path: HOLDER.path,
    },
    hosts: [
      makeHost({ host: "web1", batch: 0, hostKey, privateKeyLocations: [HOLDER] }),
      makeHost({
        host: "db1",
        batch: 1,
        files: [{ ...makeFile(1, "both"), added: [hole], removed: [hole] }],
      }),
    ],
  });

/**
 * A workstation that knows web1 by bundles signed with its host key, and has a plan for it; and an attacker who
 * transports its files.
 */
async function makeVictim(makePlan: (hostKey: string) => Plan) {
  const folder = await makeTemporaryFolder();
  const make = (name: string) => makeKeyFile(folder.path, name);
  const [hostKey, forger, made] = [await make("host"), await make("forger"), await make("made")];
  const plan = makePlan(hostKey.fingerprint);
  const databasePath = join(folder.path, "latchkey.db");
  const store = openStore({ path: databasePath, access: "write" });
  const at = new Date(START).toISOString().replace(".000", "");
  const planId = store.atomically(() => store.runbooks.plans.take({ plan, hash: hashPlan(plan), at }));
  store.close();
  let clock = START;
  const now = () => {
    clock += 1_000;
    return new Date(clock);
  };
  const workstation = { user: "ann", home: folder.path, agentSocket: null };
  const app = createApp({ databasePath, workstation, now });
  const { runs, bundles } = app.client;
  let later = 0;
  const nonceOf = async () =>
    `${/\thanded='(\w+)'/.exec((await bundles.issueCollector()).script)?.[1]}-${++later}`;

  return {
    runs,
    hostKey,
    forger,
    made,
    nonceOf,
    writeScripts: async () =>
      (await runs.exportScripts({ planId, acknowledgements: ["unsigned-scripts"] })).files,

    /** An unsigned result of this script, which anybody can make. */
    async claim(script: string, ...args: string[]) {
      const path = join(folder.path, "script.sh");
      await writeFile(path, script);
      const forge = join(import.meta.dirname, "forge-result.py");
      const { stdout } = await run("python3", [forge, path, ...args, "--ended", String(START / 1_000)]);
      return runs.importResult({ base64: Buffer.from(stdout, "latin1").toString("base64") });
    },

    async importBundle(nonce: string, signers: readonly KeyFile[], change: (records: string) => string) {
      const parts = { folder: folder.path, later: ++later, named: hostKey };
      const bundle = await writeBundle({ ...parts, nonce, signers, change });
      const approved = [{ host: "web1", port: 22 }];
      return bundles.import({ base64: bundle.toString("base64"), approved });
    },

    /**
     * The records of a bundle in which alice has this private key in a file of this name. `signs`: the key that has
     * signed, if any.
     */
    async withKey(nonce: string, key: KeyFile, signs: KeyFile | null, name = "id_ed25519.latchkey-new") {
      const path = `/home/alice/.ssh/${name}`;
      const statement = writeScanStatement({ nonce, hosts: hostKey.fingerprint, path });
      const request = { namespace: POSSESSION_NAMESPACE, agentSocket: null };
      const signed = signs && (await signBytes(statement, { keyFile: signs.path, ...request }));
      const proof =
        signed && "signature" in signed
          ? ` proof:sshsig,${signed.signature.split("\n").slice(1, -2).join("")}`
          : "";
      const blob = key.publicLine.split(" ")[1];
      const entry = `e:-rw-------,1,1000,1000,399 format:openssh encrypted:no b64:${blob}${proof}`;
      return (records: string) =>
        `${records}signing 0 - host:${hostKey.fingerprint}\nkey-file 0 - path:${path} ${entry}\n`;
    },

    async [Symbol.asyncDispose]() {
      await app[Symbol.asyncDispose]();
      await folder.remove();
    },
  };
}

test("a claim counts once a bundle that its host has signed shows it, and by nothing that is less", async () => {
  await using victim = await makeVictim(removal);
  const { runs, hostKey, forger, nonceOf, importBundle, writeScripts } = victim;
  const before = await nonceOf();
  await importBundle("first-1", [hostKey], withLine(LINE));
  const [script] = await writeScripts();
  const { runId, ...taken } = await victim.claim(script?.text ?? "", "committed");
  expect(taken).toMatchObject({
    state: "waiting",
    verifiedBy: null,
    evaluation: { kind: "open", why: "no-reading" },
  });
  const evaluation = async () => (await runs.find({ runId })).claims[0]?.evaluation;
  const staysClaimed = async (as: object) => {
    expect(await evaluation()).toMatchObject(as);
    await expect(runs.resume({ runId })).rejects.toThrow("nothing is confirmed");
    expect((await writeScripts()).map(({ phases }) => phases)).toEqual([["revoke", "finish"]]);
    expect(await runs.find({ runId })).toMatchObject({ state: "waiting", stepsDone: 0 });
  };
  // Whoever transports the bundle made it themselves, unsigned or signed by another key.
  for (const signers of [[], [forger]]) {
    await importBundle(await nonceOf(), signers, withLine(""));
    await staysClaimed({ kind: "open", why: "no-reading" });
  }
  // Signed by the host itself, but by a collector from before the script.
  await importBundle(before, [hostKey], withLine(""));
  await staysClaimed({ kind: "open", why: "earlier-reading" });
  await importBundle("unnumbered", [hostKey], withLine(""));
  await staysClaimed({ kind: "open", why: "earlier-reading" });
  await importBundle(await nonceOf(), [hostKey], withLine(LINE));
  await staysClaimed({ kind: "contradicted", by: "bundle", path: FILE.path });
  const shows = await importBundle(await nonceOf(), [hostKey], withLine(""));
  expect(await evaluation()).toEqual({ kind: "confirmed", by: "bundle", at: shows.collectedAt });
  expect(await runs.find({ runId })).toMatchObject({ state: "waiting", stepsDone: 0 });
  await runs.resume({ runId });
  const over = await runs.find({ runId });
  expect(over).toMatchObject({ state: "committed", claims: [] });
  const message = `its offline script has done it; no person has signed it; confirmed by the bundle of ${shows.collectedAt}`;
  expect(over.stepList.map((step) => step.message)).toEqual([message, message]);
});

test("a key that a claim names gets into a script only once a signed bundle shows that it has signed where it was made", async () => {
  await using victim = await makeVictim(making);
  const { runs, hostKey, forger, made, nonceOf, importBundle, withKey, writeScripts } = victim;
  const [script] = await writeScripts();
  const lineOf = ({ publicLine }: KeyFile) => publicLine.split(" ")[1] ?? "";
  const { runId } = await victim.claim(script?.text ?? "", "done", "--key", forger.path);
  const staysClaimed = async (as: object) => {
    expect((await runs.find({ runId })).claims[0]?.evaluation).toMatchObject(as);
    const next = await writeScripts();
    expect(next.map(({ phases }) => phases)).toEqual([["create-key"]]);
    for (const { text } of next) expect(text).not.toContain(lineOf(forger));
    expect(await runs.find({ runId })).toMatchObject({ state: "waiting", stepsDone: 0, newKey: null });
  };
  const shows = async (key: KeyFile, signs: KeyFile | null, name?: string) => {
    const nonce = await nonceOf();
    return importBundle(nonce, [hostKey], await withKey(nonce, key, signs, name));
  };
  await shows(forger, null);
  await staysClaimed({ kind: "open", why: "key-not-verified" });
  await shows(forger, made);
  await staysClaimed({ kind: "open", why: "key-not-verified" });
  await shows(forger, forger, "of-the-forger");
  await staysClaimed({ kind: "open", why: "key-not-verified" });
  const replayed = await nonceOf();
  await importBundle(await nonceOf(), [hostKey], await withKey(replayed, forger, forger));
  await staysClaimed({ kind: "open", why: "key-not-verified" });
  await shows(made, made);
  await staysClaimed({ kind: "contradicted", path: `${HOLDER.path}.latchkey-new` });
  const taken = await victim.claim(script?.text ?? "", "done", "--key", made.path);
  expect(taken).toMatchObject({ runId, verifiedBy: "bundle", evaluation: null, state: "waiting" });
  expect(await runs.find({ runId })).toMatchObject({
    newKey: { fingerprint: made.fingerprint },
    claims: [],
  });
  const next = await writeScripts();
  expect(next.map(({ host, phases }) => [host, phases])).toEqual([["db1", ["grant"]]]);
  expect(next[0]?.text).toContain(lineOf(made));
});
