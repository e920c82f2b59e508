import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { App } from "#app";
import { findFrame } from "#domain/collection/stream.ts";
import { type Desk, letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import { findSecrets, needlesOf } from "#testing/ssh/key-files.ts";
import { forge } from "./write-bundle.ts";

/** What a collector wrote on one of the attacker's hosts. */
const OTHERS_BUNDLE = join(import.meta.dirname, "../../domain/collection/testdata/web1.stream");
const HOST_KEY = "etc/ssh/ssh_host_ed25519_key";
const NAMESPACE = "latchkey-host-bundle";
const YEAR_2100_S = 4_102_444_800;

let desk: Desk;
let host: LabHost;
let app: App;
let place: { host: string; port: number };
/** What the collector writes on this host, as root. */
let written: Buffer;

beforeAll(async () => {
  desk = await makeDesk();
  // A locked key signs nothing, and nobody is prompted for its passphrase.
  const locked = "ssh-keygen -q -p -N locked -f /etc/ssh/ssh_host_rsa_key 2>/dev/null || :";
  const holder = `useradd -m ops; install -d -m 700 -o ops ~ops/.ssh
    su ops -c 'ssh-keygen -q -t ed25519 -N "" -C ops@web1 -f ~/.ssh/id_ed25519'; cat ~ops/.ssh/*.pub >>/root/.ssh/authorized_keys`;
  host = await startHost({
    name: "web1",
    prepare: `${letIn(desk.publicKey)}\nuseradd mallory\n${locked}\n${holder}`,
  });
  written = await runCollector(host);
  app = desk.open();
  place = { host: host.address, port: 22 };
  const visits = await scanAll(app, { text: `root@${host.address}`, only: "ssh", acceptNew: true });
  expect(visits).toMatchObject([{ state: "ok" }]);
}, 60_000);

afterAll(async () => {
  await app?.[Symbol.asyncDispose]();
  await host?.[Symbol.asyncDispose]();
  await desk?.[Symbol.asyncDispose]();
});

const nowS = () => Math.floor(Date.now() / 1_000);
const given = (bytes: Buffer) => ({ base64: bytes.toString("base64") });

/** The attacker's bundle with the public keys, the name and the date of this host. */
const forged = (...more: string[]) =>
  forge(OTHERS_BUNDLE, "--key", join(host.root, `${HOST_KEY}.pub`), "--hostname", "web1", ...more);

/** Signs the last line of a bundle with a private key file, as the collector does. */
function sign(bundle: Buffer, keyPath: string): Buffer {
  const end = bundle.subarray(bundle.lastIndexOf("\nend ") + 1);
  const args = ["-Y", "sign", "-q", "-n", NAMESPACE, "-f", keyPath];
  const signature = execFileSync("ssh-keygen", args, { input: end, stdio: ["pipe", "pipe", "ignore"] });
  return Buffer.concat([bundle, Buffer.from("host-signature 1\n"), signature]);
}

/** A bundle that root of this very host made, who has its private keys. */
const signedHere = (...request: string[]): Buffer => {
  const path = join(desk.home, "host_key");
  writeFileSync(path, readFileSync(join(host.root, HOST_KEY)), { mode: 0o600 });
  return sign(forged(...request), path);
};

test("a bundle with a host's public keys in it changes nothing of that host, approved or not", async () => {
  const before = readFacts();
  const bundle = given(forged("--time", String(nowS())));
  await expect(app.client.bundles.import(bundle)).rejects.toThrow(
    `nothing shows that it is of ${host.address}:22: no host key has signed it`,
  );
  const other = [{ host: "127.0.0.1", port: 22 }];
  await expect(app.client.bundles.import({ ...bundle, approved: other })).rejects.toThrow(/^nothing shows/);
  expect(await app.client.bundles.claims()).toEqual([]);
  const imported = await app.client.bundles.import({ ...bundle, approved: [place] });
  expect(imported).toMatchObject({
    ...place,
    scanId: null,
    wasKnown: false,
    standing: { kind: "claimed", why: "unsigned", isBeside: true },
  });
  expect(await app.client.bundles.claims()).toMatchObject([{ ...place, why: "unsigned", accountCount: 3 }]);
  expect(imported.differences).toContainEqual(
    expect.objectContaining({ what: "account", claimedCount: 1, claimed: ["alice"] }),
  );
  expect(await app.client.bundles.import(bundle)).toMatchObject({ wasKnown: true, scanId: null });
  expect(readFacts()).toEqual(before);
});

test("nor does one that another host's key has signed, or whose signature is of another bundle", async () => {
  const before = readFacts();
  const key = join(desk.home, "other_host_key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const byOther = sign(forged("--time", String(nowS()), "--nonce", "c1"), key);
  const why = /it is signed by a host key by which the host is not known/;
  await expect(app.client.bundles.import(given(byOther))).rejects.toThrow(why);
  const truth = join(desk.home, "true.bundle");
  writeFileSync(truth, written);
  const moved = forged("--time", String(nowS()), "--nonce", "c2", "--end", truth);
  await expect(app.client.bundles.import(given(moved))).rejects.toThrow(/no host key has signed it/);
  expect(readFacts()).toEqual(before);
});

test("nor does one in which a line was changed after the host had signed it, nor one without its signature", async () => {
  const before = readFacts();
  const text = written.toString("latin1");
  const changed = Buffer.from(text.replace("hostname:web1", "hostname:web9"), "latin1");
  await expect(app.client.bundles.import(given(changed))).rejects.toThrow(/its digest does not fit/);
  const stripped = Buffer.from(text.slice(0, text.indexOf("host-signature")), "latin1");
  await expect(app.client.bundles.import(given(stripped))).rejects.toThrow(/no host key has signed it/);
  expect(readFacts()).toEqual(before);
});

test("a bundle from the future is refused, whoever has signed it, and true ones are taken after it", async () => {
  for (const bundle of [
    forged("--time", String(YEAR_2100_S), "--nonce", "a1"),
    signedHere("--time", String(YEAR_2100_S), "--nonce", "a2"),
    signedHere("--time", String(nowS() + 400), "--nonce", "a3"),
  ])
    await expect(app.client.bundles.import({ ...given(bundle), approved: [place] })).rejects.toThrow(
      /^it is from the future: by the host's own clock it was collected at /,
    );
  const now = await runCollector(host);
  expect(await app.client.bundles.import(given(now))).toMatchObject({
    ...place,
    isNewHost: false,
    wasKnown: false,
    state: "ok",
    readAs: "root",
    standing: { kind: "verified", fingerprint: fingerprintOf(`${HOST_KEY}.pub`) },
  });
});

test("a bundle of an attacker's own key makes no login trusted, and the host's own key is no silent change", async () => {
  await using other = await makeDesk();
  await using fresh = other.open();
  const key = join(other.home, "attackers_key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const bundle = sign(forge(OTHERS_BUNDLE, "--key", `${key}.pub`, "--time", String(nowS())), key);
  expect(await fresh.client.bundles.import({ ...given(bundle), as: place })).toMatchObject({
    isNewHost: true,
    standing: { kind: "first-use" },
  });
  await host.run(`echo '${other.publicKey}' >> /root/.ssh/authorized_keys`);
  const scan = () => scanAll(fresh, { text: `root@${host.address}`, only: "ssh", acceptNew: true });
  expect(await scan()).toMatchObject([
    { outcome: "host-key-changed", message: expect.stringContaining("has signed its bundle") },
  ]);
  expect(await fresh.client.hosts.find({ id: 1 })).toMatchObject({ pin: null, bundleStanding: "first-use" });
  // An administrator who has compared the host key forgets the bundle's, and continues.
  expect(await fresh.client.hosts.forgetPin(place)).toEqual({ hadPin: true });
  expect(await fresh.client.hosts.find({ id: 1 })).toMatchObject({
    bundleStanding: "claimed",
    bundleKeys: [],
  });
  expect(await scan()).toMatchObject([{ state: "ok" }]);
  expect(await fresh.client.hosts.find({ id: 1 })).toMatchObject({ bundleStanding: null });
});

test("a host that is known by its signed bundle is pinned by nothing but a login, and claims of it stand beside", async () => {
  await using other = await makeDesk();
  await using fresh = other.open();
  const claimed = forged("--time", String(nowS()), "--nonce", "d1");
  expect(await fresh.client.bundles.import({ ...given(claimed), as: place })).toMatchObject({
    standing: { kind: "claimed", why: "unsigned", isBeside: false },
  });
  // Signed, and older than the claim.
  const signed = signedHere("--time", String(nowS() - 60), "--nonce", "d2");
  expect(await fresh.client.bundles.import(given(signed))).toMatchObject({
    ...place,
    standing: { kind: "first-use", fingerprint: fingerprintOf(`${HOST_KEY}.pub`) },
  });
  const again = given(forged("--time", String(nowS()), "--nonce", "d3"));
  await expect(fresh.client.bundles.import(again)).rejects.toThrow(/no host key has signed it/);
  await host.run(`echo '${other.publicKey}' >> /root/.ssh/authorized_keys`);
  const request = { text: `root@${host.address}`, only: "ssh" } as const;
  expect(await scanAll(fresh, request)).toMatchObject([{ outcome: "host-key-unknown" }]);
  expect(await scanAll(fresh, { ...request, acceptNew: true })).toMatchObject([{ state: "ok" }]);
});

test("what keys have signed here, copied into another bundle with this host's public keys, shows that none lies there", async () => {
  await using folder = await makeDesk();
  const key = join(folder.home, "attackers_key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const mine = join(folder.home, "written");
  writeFileSync(mine, written.subarray(0, written.indexOf("host-signature")));
  const isMatchedBy = async (bundle: Buffer) => {
    await using other = await makeDesk();
    await using fresh = other.open();
    await fresh.client.bundles.import({ ...given(bundle), as: place });
    const { rows } = await fresh.client.access.list({ search: "ops@web1" });
    return rows.map(({ verdict }) => verdict.owner.isMatched);
  };
  const copied = forge(mine, "--key", join(host.root, `${HOST_KEY}.pub`), "--key", `${key}.pub`);
  expect(await isMatchedBy(copied)).toEqual([false]);
  // By root of one of the attacker's hosts.
  expect(await isMatchedBy(sign(copied, key))).toEqual([false]);
  expect(await isMatchedBy(written)).toEqual([true]);
});

test("a person who signs a forged bundle speaks for no host, named as a signer or not", async () => {
  const before = readFacts();
  const key = join(desk.home, "colleague");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "a colleague", "-f", key]);
  const bundle = forged("--time", String(nowS()), "--nonce", "e1");
  const args = ["-Y", "sign", "-q", "-n", "latchkey-bundle", "-f", key];
  const stdio = ["pipe", "pipe", "ignore"] as ["pipe", "pipe", "ignore"];
  const signature = execFileSync("ssh-keygen", args, { input: bundle, encoding: "utf8", stdio });
  const vouched = { ...given(bundle), signature, signers: readFileSync(`${key}.pub`, "utf8") };
  await expect(app.client.bundles.import({ ...vouched, requireSignature: true })).rejects.toThrow(
    /^nothing shows that it is of .*: no host key has signed it/,
  );
  expect(await app.client.bundles.import({ ...vouched, approved: [place] })).toMatchObject({
    scanId: null,
    standing: { kind: "claimed" },
    signature: { kind: "known", signer: "a colleague" },
  });
  expect(readFacts()).toEqual(before);
});

test("a host's signature that comes after its bundle counts from then on, and nothing is taken in twice", async () => {
  await using other = await makeDesk();
  await using fresh = other.open();
  const signed = signedHere("--time", String(nowS() - 60), "--nonce", "f1");
  const stripped = signed.subarray(0, signed.indexOf("host-signature"));
  const { scanId } = await fresh.client.bundles.import({ ...given(stripped), as: place });
  expect((await fresh.client.hosts.list({})).rows).toMatchObject([{ bundleStanding: "claimed" }]);
  expect(await fresh.client.bundles.import(given(signed))).toMatchObject({
    scanId,
    wasKnown: true,
    isSignedSince: true,
    standing: { kind: "first-use" },
  });
  expect((await fresh.client.hosts.list({})).rows).toMatchObject([{ bundleStanding: "first-use" }]);
  expect(await fresh.client.bundles.import(given(signed))).toMatchObject({ isSignedSince: false });
  expect(await fresh.client.scans.list({})).toMatchObject({ total: 1 });
});

test("an older bundle of the host itself is refused after a newer one", async () => {
  const older = signedHere("--time", String(nowS() - 3_600), "--nonce", "b1");
  await expect(app.client.bundles.import(given(older))).rejects.toThrow(/^it is older than what is known of/);
});

test("a collector signs as root alone, asks nobody, and no private key is in what it writes", async () => {
  const text = written.toString("latin1");
  expect(text).toMatch(
    /\nhost-signature 1\n-----BEGIN SSH SIGNATURE-----\n[\s\S]*-----END SSH SIGNATURE-----\n$/,
  );
  expect(text.match(/BEGIN SSH SIGNATURE/g)).toHaveLength(2);
  const user = await runCollector(host, { user: "mallory" });
  expect(user.toString("latin1")).toMatch(/\nend \d+ .*\nhost-unsigned not-root\n$/);
  const keys = ["ed25519", "ecdsa"].map((type) => `etc/ssh/ssh_host_${type}_key`);
  const needles = keys.flatMap((path) => needlesOf(path, readFileSync(join(host.root, path), "utf8")));
  expect(needles).toHaveLength(2);
  for (const stream of [written, user])
    for (const said of [stream, ...payloadsOf(stream)]) expect(findSecrets(needles, said)).toEqual([]);
});

/** Everything that is encoded in a stream. */
const payloadsOf = (stream: Buffer): Buffer[] =>
  (findFrame(stream, null)?.records ?? []).map(({ payload }) =>
    Buffer.from(Buffer.from(payload).toString(), "base64"),
  );

const fingerprintOf = (path: string): string =>
  execFileSync("ssh-keygen", ["-lf", join(host.root, path)], { encoding: "utf8" }).split(" ")[1] ?? "";

/** Every row of every table, except those about claims themselves. */
function readFacts(): Record<string, unknown[]> {
  const db = new Sqlite(desk.databasePath, { readonly: true });
  using _closing = { [Symbol.dispose]: () => void db.close() };
  const names = db
    .prepare<[], string>(
      "SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main' AND name NOT LIKE 'sqlite%'",
    )
    .pluck()
    .all()
    .filter((name) => !["claim", "event", "event_host"].includes(name));
  return Object.fromEntries(names.map((name) => [name, db.prepare(`SELECT * FROM "${name}"`).all()]));
}
