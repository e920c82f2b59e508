import { execFile } from "node:child_process";
import { rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { openTerminal } from "#testing/open-terminal.ts";
import { answerScript } from "#testing/ssh/collector-stream.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const run = promisify(execFile);
const now = () => new Date("2026-12-01T12:00:00Z");
const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN1YdxBpNlzxDqfJyw/QKow1F+wvG9hXGoqiysfJOn5Y";

/** A database with an approval, a trusted root and an issuer, which the attacker's program can write. */
async function prepare(folder: string) {
  const database = join(folder, "latchkey.db");
  const type = openTerminal(database, { now });
  {
    await using app = createApp({ databasePath: database, now });
    const { client } = app;
    await client.bundles.import({
      base64: Buffer.from(answerScript("--nonce 'abc''def'"), "latin1").toString("base64"),
    });
    const { rows } = await client.access.list({});
    const [grant] = rows.filter(({ fingerprint }) => fingerprint !== null);
    await client.changes.approve({ grants: [grant?.id ?? 0], owner: "jo", purpose: "work" });
  }
  const edit = (...statements: string[]) =>
    run("python3", [join(import.meta.dirname, "edit-database.py"), database, ...statements]);
  return { database, type, edit };
}

const PLANT = `INSERT INTO pin VALUES ('web9', 22, 'ssh-ed25519', 'SHA256:x', x'00', 'accepted', '2026-12-01T00:00:00Z')`;

test("an approval that is edited in the file, and a pin that is planted there, are named by every command until they are sealed", async () => {
  await using folder = await makeTemporaryFolder();
  const { database, type, edit } = await prepare(folder.path);
  expect((await type("database", "check")).code).toBe(0);
  expect((await stat(`${database}.seal-key`)).mode & 0o777).toBe(0o600);
  await edit("UPDATE approval SET owner = 'mallory'", PLANT);
  const checked = await type("database", "check");
  expect(checked.code).toBe(1);
  expect(checked.out).toContain("the pin of web9 port 22 was added outside this program");
  expect(checked.out).toContain("approval 1 of a grant was changed outside this program");
  expect((await type("hosts")).err).toContain("approval 1 of a grant was changed outside this program");
  const sealed = await type("database", "seal");
  expect([sealed.code, sealed.out]).toEqual([0, expect.stringContaining("was added outside this program")]);
  expect((await type("database", "check")).code).toBe(0);
});

const COUNT = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20001)";
const FALSE_PINS = `INSERT INTO pin ${COUNT} SELECT 'zz' || i, 22, 'ssh-ed25519', 'SHA256:x', x'00', 'accepted', '2026-12-01T00:00:00Z' FROM n`;
const FALSE_SEALS = `INSERT INTO row_seal ${COUNT} SELECT 'pin', json_array('zz' || i, 22), zeroblob(32) FROM n`;

test("a pin that is planted among more false ones than are verified at opening is named by every command", async () => {
  await using folder = await makeTemporaryFolder();
  const { type, edit } = await prepare(folder.path);
  await edit(PLANT, FALSE_PINS, FALSE_SEALS);
  expect((await type("hosts")).err).toContain("the pin of web9 port 22 was added outside this program");
});

/** A host with an owner, and a finding of it that is accepted. */
async function prepareLabels(type: Awaited<ReturnType<typeof prepare>>["type"]) {
  const { out } = await type("hosts", "--json");
  const [host] = (JSON.parse(out) as { hosts: { host: string }[] }).hosts;
  if (!host) throw new Error("no host");
  await type("label", host.host, "--owner", "team web", "--tag", "shop");
  await type("accept", "--all", "--until", "2027-06-01", "--reason", "known");
  expect((await type("database", "check")).code).toBe(0);
}

test("no owner, tag, acceptance or rule that is written into the file goes unnoticed", async () => {
  await using folder = await makeTemporaryFolder();
  const { type, edit } = await prepare(folder.path);
  await prepareLabels(type);
  await edit(
    "UPDATE label SET owner = 'mallory'",
    `INSERT INTO label (kind, name, host, port, uid, owner)
     SELECT 'account', name, host_name, port, uid, 'mallory' FROM account LIMIT 1`,
    "INSERT INTO tagged_account SELECT id, uid, 1 FROM account LIMIT 1",
    "UPDATE acceptance SET until = '2099-01-01' WHERE id = 1",
    "INSERT INTO accepted_member SELECT id, 'by key SHA256:mallory' FROM acceptance WHERE id = 1",
    "INSERT INTO enabled_rule VALUES ('certificate-changed', '2026-01-01T00:00:00Z')",
  );
  const { err } = await type("hosts");
  for (const sentence of [
    "what was said of host web1 was changed",
    "what was said of account",
    "a tag of account",
    "acceptance 1 of a finding was changed",
    "what acceptance 1 covers was added",
    "the rule certificate-changed was added",
  ])
    expect(err).toContain(sentence);
});

test("who answers for a thing by what lists show is compared with what was said, and made of it again", async () => {
  await using folder = await makeTemporaryFolder();
  const { type, edit } = await prepare(folder.path);
  await prepareLabels(type);
  await edit("UPDATE account SET owner = 'mallory'", "UPDATE host_name SET environment = 'test'");
  const { code, out } = await type("database", "check");
  expect([code, out]).toEqual([
    1,
    expect.stringContaining("the labels of 1 host are not those that were said"),
  ]);
  expect(out).toMatch(/the labels of \d+ accounts are not those that were said/);
  await type("database", "seal");
  expect((await type("database", "check")).code).toBe(0);
  expect((await type("accounts", "--json")).out).not.toContain("mallory");
});

test.each([
  ["a row", "DELETE FROM approval", "approval 1 of a grant was removed outside this program"],
  [
    "a row with its seal",
    "DELETE FROM approval; DELETE FROM row_seal WHERE kind = 'approval'",
    "were removed, with their seals",
  ],
  ["all seals", "DELETE FROM row_seal; DELETE FROM seal_state", "have no seals"],
])("%s that is removed in the file is missed", async (_, sql, sentence) => {
  await using folder = await makeTemporaryFolder();
  const { type, edit } = await prepare(folder.path);
  await edit("UPDATE grant_line SET approval = NULL", ...sql.split("; "));
  const { code, out } = await type("database", "check");
  expect([code, out]).toEqual([1, expect.stringContaining(sentence)]);
});

test("without its key, or with another one, a database cannot be verified, which is said and mended by nobody's silence", async () => {
  await using folder = await makeTemporaryFolder();
  const { database, type } = await prepare(folder.path);
  await rename(`${database}.seal-key`, join(folder.path, "kept"));
  const without = await type("hosts");
  expect([without.code, without.err]).toEqual([0, expect.stringContaining("cannot be verified")]);
  await expect(stat(`${database}.seal-key`)).rejects.toThrow("ENOENT");
  await writeFile(`${database}.seal-key`, `${"0".repeat(64)}\n`, { mode: 0o600 });
  expect((await type("database", "check")).out).toContain("sealed by another key");
  await rm(`${database}.seal-key`);
  await rename(join(folder.path, "kept"), `${database}.seal-key`);
  expect((await type("database", "check")).code).toBe(0);
});

test("a backup that is put back, and whatever is done by commands, is as it was sealed", async () => {
  await using folder = await makeTemporaryFolder();
  const { type } = await prepare(folder.path);
  const known = join(folder.path, "known_hosts");
  await writeFile(known, `web2 ${KEY}\n`);
  const said = [
    await type("database", "backup"),
    await type("issuers", "add", "csr", "by-hand"),
    await type("unapprove", "--host", "web1", "--all"),
    await type("database", "check"),
    await type("database", "restore", "latest"),
    await type("database", "check"),
  ];
  expect(said.map(({ code, err }) => (code === 0 ? 0 : err)).filter((code) => code !== 0)).toEqual([]);
});
