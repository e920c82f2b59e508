import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { openStore } from "#store/store.ts";
import { scanAll } from "#testing/lab/desk.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { readCollector } from "#testing/read-scripts.ts";
import { findClosedEndpoint } from "#testing/servers.ts";
import { answerScript } from "#testing/ssh/collector-stream.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const now = () => new Date("2026-12-01T12:00:00Z");
const asBundle = (stream: string) => ({ base64: Buffer.from(stream, "latin1").toString("base64") });

/** What the collector wrote on web1, at `time`; `change` edits its records before they are signed. */
const bundleOf = (time = 1_795_613_274, change = (records: string) => records) =>
  answerScript(`--nonce 'abc''${time}'`, (records) =>
    change(records.replace("time:1795613274", `time:${time}`)),
  );

const open = (databasePath = ":memory:") => createApp({ databasePath, now });

test("a bundle is a scan of its host, dated when it was collected", async () => {
  await using app = open();
  const { client } = app;
  const imported = await client.bundles.import(asBundle(bundleOf()));
  expect(imported).toMatchObject({
    host: "web1",
    port: 22,
    isNewHost: true,
    wasKnown: false,
    state: "ok",
    collectedAt: "2026-11-25T13:27:54Z",
    importedAt: "2026-12-01T12:00:00Z",
    readAs: "root",
    signature: { kind: "none" },
  });
  expect((await client.hosts.list({})).rows).toMatchObject([
    { host: "web1", state: "ok", outcome: "collected", lastRead: "2026-11-25T13:27:54Z", hostname: "web1" },
  ]);
  expect((await client.scans.list({})).rows).toMatchObject([
    {
      state: "finished",
      startedAt: "2026-11-25T13:27:54Z",
      total: 1,
      ok: 1,
      bundle: { importedAt: "2026-12-01T12:00:00Z", signature: { kind: "none" } },
    },
  ]);
  expect(await client.targets.list()).toMatchObject([]);
});

test("the same bundle again changes nothing, in a thread of its own as well", async () => {
  await using folder = await makeTemporaryFolder();
  await using app = open(join(folder.path, "latchkey.db"));
  const { client } = app;
  const first = await client.bundles.import(asBundle(bundleOf()));
  const again = await client.bundles.import(asBundle(`welcome back\n${bundleOf()}`));
  expect(again).toMatchObject({ wasKnown: true, scanId: first.scanId, importedAt: first.importedAt });
  expect(await client.scans.list({})).toMatchObject({ total: 1 });
});

test("a host is known again by its keys, whatever it calls itself by then", async () => {
  await using app = open();
  const { client } = app;
  await client.bundles.import({ ...asBundle(bundleOf()), as: { host: "vault.corp", port: 2222 } });
  const renamed = bundleOf(1_795_700_000, (records) => records.replace("hostname:web1", "hostname:db7"));
  expect(await client.bundles.inspect(asBundle(renamed))).toMatchObject({
    host: "vault.corp",
    isNewHost: false,
  });
  expect(await client.bundles.import(asBundle(renamed))).toMatchObject({ host: "vault.corp", port: 2222 });
  expect((await client.hosts.list({})).rows).toMatchObject([{ host: "vault.corp", hostname: "db7" }]);
  await expect(
    client.bundles.import({ ...asBundle(bundleOf(1_795_800_000)), as: { host: "other", port: 22 } }),
  ).rejects.toThrow("its host keys are those of vault.corp:2222, so it is not other:22");
});

test("a clone with other host keys is another host, whatever it calls itself", async () => {
  await using app = open();
  const { client } = app;
  await client.bundles.import(asBundle(bundleOf()));
  const cloned = asBundle(bundleOf(1_795_700_000, changeHostKeys));
  await expect(client.bundles.import(cloned)).rejects.toThrow(
    "it calls itself web1, and the web1 that is known has other host keys; give this one another name with --as",
  );
  await expect(client.bundles.import({ ...cloned, as: { host: "web1", port: 22 } })).rejects.toThrow(
    /^web1:22 is known by other host keys than this bundle has/,
  );
  await client.bundles.import({ ...cloned, as: { host: "web2", port: 22 } });
  expect(await client.hosts.list({})).toMatchObject({ total: 2 });
});

test("an older bundle never overwrites newer facts, and one from the future is refused", async () => {
  await using app = open();
  const { client } = app;
  await client.bundles.import(asBundle(bundleOf()));
  await expect(client.bundles.import(asBundle(bundleOf(1_795_613_273)))).rejects.toThrow(
    "it is older than what is known of web1:22: it was collected at 2026-11-25T13:27:53Z and the host was read at 2026-11-25T13:27:54Z, both by the host's own clock; nothing of it was taken",
  );
  await expect(client.bundles.import(asBundle(bundleOf(1_900_000_000)))).rejects.toThrow(
    "it is from the future: by the host's own clock it was collected at 2030-03-17T17:46:40Z, and by this computer's it is 2026-12-01T12:00:00Z; set the clock that is wrong, and collect it again; nothing of it was taken",
  );
  const ahead = 1_796_126_400 + 300;
  await expect(client.bundles.import(asBundle(bundleOf(ahead + 1)))).rejects.toThrow(
    /^it is from the future/,
  );
  expect(await client.bundles.import(asBundle(bundleOf(ahead)))).toMatchObject({
    collectedAt: "2026-12-01T12:00:00Z",
  });
  await expect(client.bundles.import(asBundle(bundleOf(ahead - 1)))).rejects.toThrow(
    /^it is older than what is known of web1:22/,
  );
});

test.each<[what: string, change: (bundle: string) => string, why: RegExp]>([
  [
    "cut",
    (bundle) => bundle.slice(0, -100),
    /^the stream stops early, after \d+ whole records; copy it again/,
  ],
  [
    "altered",
    (bundle) => bundle.replace("hostname:web1", "hostname:web2"),
    /^the stream was changed on its way/,
  ],
  [
    "a record short",
    (bundle) => bundle.replace(/^end \d+/m, "end 3"),
    /^the stream holds \d+ records and should/,
  ],
  ["empty", () => "", /^the file is empty/],
  ["something else", () => "hello\n", /^it is no bundle/],
  ["the collector itself", () => "#!/bin/sh\n", /^it is a script, not what it wrote/],
  ["of CRLF", (bundle) => bundle.replaceAll("\n", "\r\n"), /^its line ends were changed on the way/],
  [
    "of UTF-16",
    (bundle) => Buffer.from(bundle, "utf16le").toString("latin1"),
    /^it was written anew as UTF-16/,
  ],
  ["packed", (bundle) => gzipSync(bundle).toString("latin1"), /^it is packed with gzip/],
  ["two bundles", (bundle) => bundle + bundle, /^another bundle follows in the same file/],
  ["without a date", () => bundleOf(0, (records) => records.replace("time:0 ", "")), /^it does not say when/],
])("a bundle that is %s is refused with what is wrong, and nothing of it is kept", async (_, change, why) => {
  await using app = open();
  const { client } = app;
  const given = { base64: Buffer.from(change(bundleOf()), "latin1").toString("base64") };
  await expect(client.bundles.import(given)).rejects.toThrow(why);
  await expect(client.bundles.inspect(given)).rejects.toMatchObject({ code: "invalid-input" });
  await expectNothing(client);
});

test("a bundle that is cut at any byte is refused, and nothing of it is kept", async () => {
  await using app = open();
  const { client } = app;
  const whole = Buffer.from(bundleOf(), "latin1");
  for (let length = 0; length < whole.length; length += 97) await expectRefused(whole.subarray(0, length));
  for (let left = 1; left < 130; left++) await expectRefused(whole.subarray(0, whole.length - left));
  await expectNothing(client);

  async function expectRefused(bytes: Buffer) {
    const given = { base64: bytes.toString("base64") };
    await expect(client.bundles.import(given), `${bytes.length} bytes`).rejects.toMatchObject({
      code: "invalid-input",
    });
  }
});

test("a bundle in parts is one, as long as they are held, and none is larger than 16 MiB", async () => {
  await using app = open();
  const { client } = app;
  const bytes = Buffer.from(bundleOf(), "latin1");
  const id = crypto.randomUUID();
  await client.bundles.uploadPart({ id, base64: bytes.subarray(0, 1_000).toString("base64") });
  const rest = { uploadId: id, base64: bytes.subarray(1_000).toString("base64") };
  expect(await client.bundles.inspect(rest)).toMatchObject({ host: "web1" });
  expect(await client.bundles.import(rest)).toMatchObject({ wasKnown: false });
  await expect(client.bundles.import({ ...rest, uploadId: crypto.randomUUID() })).rejects.toThrow(
    /not held any more/,
  );
  const large = { id, base64: Buffer.alloc(16 * 1024 * 1024).toString("base64") };
  await expect(client.bundles.uploadPart(large)).rejects.toMatchObject({ code: "too-many" });
});

test("what a later visit met stays the state of the host", async () => {
  await using app = open();
  const { client } = app;
  const { host, port } = await findClosedEndpoint();
  await client.bundles.import({ ...asBundle(bundleOf()), as: { host, port } });
  await scanAll(app, { text: `root@${host}:${port}`, only: "ssh" });
  await client.bundles.import(asBundle(bundleOf(1_795_700_000)));
  expect((await client.hosts.list({})).rows).toMatchObject([
    {
      state: "failed",
      outcome: "refused",
      lastSeen: "2026-12-01T12:00:00Z",
      lastRead: "2026-11-26T13:33:20Z",
    },
  ]);
});

test("a bundle strikes nothing off that is still to be visited", async () => {
  await using folder = await makeTemporaryFolder();
  const store = openStore({ path: join(folder.path, "latchkey.db"), access: "write" });
  const at = "2026-11-01T00:00:00Z";
  const target = { kind: "ssh" as const, host: "web1", port: 22, user: null };
  store.scans.finish(store.scans.begin({ requested: [{ target, useSudo: false }], at }), "cancelled", at);
  store.close();
  await using app = open(join(folder.path, "latchkey.db"));
  await app.client.bundles.import(asBundle(bundleOf()));
  const { scanId } = await app.client.scans.start({ text: "", again: "unfinished" });
  expect(await app.client.scans.find({ scanId })).toMatchObject({ total: 1 });
  await app.client.scans.cancel({ scanId });
});

test("nothing that a bundle's host calls itself reaches the terminal as it is", async () => {
  await using folder = await makeTemporaryFolder();
  const [file, database] = [join(folder.path, "web1.bundle"), join(folder.path, "latchkey.db")];
  const hostile = bundleOf(1_795_613_274, (records) =>
    records.replace("hostname:web1", "hostname:%1b%5b2J").replace("uid:0 user:root", "uid:7 user:%1b%5b31m"),
  );
  await writeFile(file, hostile, "latin1");
  const type = openTerminal(database, { now });
  for (const more of [[], ["--as", "web1"], ["--json"]]) {
    const { out, err } = await type("import", file, ...more);
    expect(`${out}${err}`).not.toContain("\u001b");
    expect(`${out}${err}`).toMatch(/\[2J|\[31m/);
  }
});

type Client = ReturnType<typeof open>["client"];

async function expectNothing(client: Client): Promise<void> {
  expect(await client.hosts.list({})).toMatchObject({ total: 0 });
  expect(await client.scans.list({})).toMatchObject({ total: 0 });
  expect(await client.auditLog.verify()).toMatchObject({ eventCount: 0 });
}

/** The same records with another host key of Ed25519. */
const changeHostKeys = (records: string): string =>
  records.replace(
    /(\nkey-file [^\n]*ssh_host_ed25519_key [^\n]*hex:0000000b7373682d6564323535313900000020)..../,
    "$1beef",
  );

test("of several bundles of one host, given in any order, all are taken and the last has the last word", async () => {
  await using folder = await makeTemporaryFolder();
  const times = [1_795_800_000, 1_795_613_274, 1_795_700_000];
  const files = times.map((time) => join(folder.path, `${time}.bundle`));
  for (const [index, file] of files.entries()) await writeFile(file, bundleOf(times[index]), "latin1");
  const type = openTerminal(join(folder.path, "latchkey.db"), { now });
  expect(await type("import", ...files)).toMatchObject({ code: 0, err: "" });
  expect(JSON.parse((await type("hosts", "--json")).out)).toMatchObject({
    hosts: [{ lastRead: "2026-11-27T17:20:00Z" }],
  });
});

test("the collector is printed to the byte but for a number of its own, by which its bundles are known", async () => {
  await using folder = await makeTemporaryFolder();
  const database = join(folder.path, "latchkey.db");
  const type = openTerminal(database, { now });
  const [one, other] = [await type("collector"), await type("collector")];
  const [, number = ""] = /\n\thanded='([0-9a-f]{16})'\n/.exec(one.out) ?? [];
  expect(number).not.toBe("");
  expect(other.out).not.toContain(number);
  expect(`${one.out.replace(number, "")}\n`).toBe(await readCollector());

  const file = join(folder.path, "web1.bundle");
  const handed = answerScript(`--nonce '${number}''-x1'`);
  await writeFile(file, handed, "latin1");
  expect(await type("import", file)).toMatchObject({
    out: expect.stringContaining("written by the collector that was issued here on 2026-12-01T12:00:00Z"),
  });
});

test("while another process writes, a collector is printed without a number, and that is said", async () => {
  await using folder = await makeTemporaryFolder();
  const database = join(folder.path, "latchkey.db");
  await using _app = open(database);
  const { code, out, err } = await openTerminal(database, { now })("collector");
  expect([code, `${out}\n`]).toEqual([0, await readCollector()]);
  expect(err).toMatch(
    /^latchkey: this collector has no serial number, so its bundles cannot be traced to it: .* is held by /,
  );
});

test("of two bundles with one number one was made of the other, and the second is refused unless it is verified", async () => {
  await using app = open();
  const { client } = app;
  await client.bundles.import(asBundle(bundleOf()));
  const other = answerScript(`--nonce 'abc''1795613274'`, (records) =>
    records.replace("time:1795613274", "time:1795613275"),
  );
  await expect(client.bundles.import(asBundle(other))).rejects.toThrow(
    /^another bundle with its number abc1795613274 was imported on 2026-12-01T12:00:00Z, so one of the two/,
  );
});
