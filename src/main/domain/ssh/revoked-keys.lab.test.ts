import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { readHostCertificate } from "./host-certificate.ts";
import { readPublicKeyLine } from "./key-blob.ts";
import { isCertificateInKrl, isKeyInKrl, type Krl, readKrl } from "./revoked-keys.ts";

const run = promisify(execFile);

/** How many damaged lists ssh-keygen reads; each costs a process. */
const DAMAGED = 150;

let folder: Awaited<ReturnType<typeof makeTemporaryFolder>>;
const at = (name: string) => join(folder.path, name);

const KEYS = ["ed25519", "rsa", "ecdsa", "plain"];
const CERTIFICATES = [0, 1, 7, 64, 65, 66, 70, 5_000, 2 ** 40].map((serial) => ({
  name: `c${serial}`,
  serial,
}));
const ALL = [...KEYS, ...CERTIFICATES.map(({ name }) => `${name}-cert`)];

beforeAll(async () => {
  folder = await makeTemporaryFolder();
  const make = (name: string, type: string) =>
    run("ssh-keygen", ["-q", "-N", "", "-C", name, "-t", type, "-f", at(name)]);
  await Promise.all([
    ...KEYS.map((name) => make(name, name === "plain" ? "ed25519" : name)),
    make("ca", "ed25519"),
  ]);
  await make("other", "ed25519");
  const pub = await readFile(at("plain.pub"));
  for (const { name, serial } of CERTIFICATES) {
    await writeFile(at(`${name}.pub`), pub);
    await run("ssh-keygen", [
      "-q",
      "-s",
      at(serial === 7 ? "other" : "ca"),
      "-I",
      `id ${name}`,
      "-n",
      "me",
      "-z",
      String(serial),
      at(`${name}.pub`),
    ]);
  }
});
afterAll(() => folder?.[Symbol.asyncDispose]());

/** ssh-keygen's answer for each key and certificate; null when it finds the list broken. */
async function ask(krl: string): Promise<boolean[] | null> {
  const asked = await run("ssh-keygen", ["-Q", "-f", krl, ...ALL.map((name) => at(`${name}.pub`))]).catch(
    (error: { stdout: string }) => error,
  );
  const answers = asked.stdout.trim().split("\n");
  if (answers.length !== ALL.length) return null;
  return answers.map((line) => line.endsWith(": REVOKED"));
}

async function ours(krl: Krl | null): Promise<boolean[] | null> {
  if (!krl) return null;
  return Promise.all(
    ALL.map(async (name) => {
      const key = readPublicKeyLine(await readFile(at(`${name}.pub`), "latin1"))?.key;
      if (!key) throw new Error(`no key in ${name}`);
      const certificate = readHostCertificate(key.blob);
      if (!certificate) return isKeyInKrl(krl, key);
      const { authority, serial, keyId } = certificate;
      return (
        isKeyInKrl(krl, certificate.key) ||
        isKeyInKrl(krl, authority) ||
        isCertificateInKrl(krl.certificates, { authority: authority.fingerprint, serial, keyId })
      );
    }),
  );
}

async function make(name: string, spec: string, options: string[] = []): Promise<Buffer> {
  await writeFile(at(`${name}.spec`), spec);
  await run("ssh-keygen", ["-k", "-q", "-f", at(name), "-z", "3", ...options, at(`${name}.spec`)]);
  return readFile(at(name));
}

const SPECS: [name: string, spec: (key: (name: string) => string) => string, options?: () => string[]][] = [
  ["nothing", () => "# nothing\n"],
  ["a key", (key) => key("ed25519")],
  ["keys by name", (key) => `key: ${key("rsa")}key: ${key("plain")}`],
  ["sha1", (key) => `sha1: ${key("rsa")}sha1: ${key("ecdsa")}`],
  ["sha256", (key) => `sha256: ${key("ecdsa")}`],
  ["the authority", (key) => key("ca")],
  ["one serial", () => "serial: 65\n", () => ["-s", at("ca.pub")]],
  ["a range", () => "serial: 60-100\n", () => ["-s", at("ca.pub")]],
  ["a bitmap", () => "serial: 64\nserial: 66\nserial: 70\nserial: 71\n", () => ["-s", at("ca.pub")]],
  ["far serials", () => "serial: 5000\nserial: 1099511627776\n", () => ["-s", at("ca.pub")]],
  ["ids", () => "id: id c1\nid: id c7\n", () => ["-s", at("ca.pub")]],
  ["of any authority", () => "serial: 7\nid: id c0\n", () => ["-s", "NONE"]],
];

test("a list that ssh-keygen makes says of every key and certificate what ssh-keygen -Q says", async () => {
  const texts = new Map<string, string>();
  for (const name of [...KEYS, "ca"]) texts.set(name, await readFile(at(`${name}.pub`), "utf8"));
  for (const [name, spec, options] of SPECS) {
    const bytes = await make(
      name,
      spec((key) => texts.get(key) ?? ""),
      options?.(),
    );
    const theirs = await ask(at(name));
    expect(theirs, name).not.toBeNull();
    expect(await ours(readKrl(bytes)), name).toEqual(theirs);
  }
});

test("a damaged list is broken to us exactly when it is to ssh-keygen, and else says the same", async () => {
  const files = await Promise.all(SPECS.map(([name]) => readFile(at(name))));
  const damage = fc.record({
    file: fc.constantFrom(...files),
    place: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    byte: fc.integer({ min: 0, max: 255 }),
    kind: fc.constantFrom("change", "cut", "insert"),
  });
  let index = 0;
  await fc.assert(
    fc.asyncProperty(damage, async ({ file, place, byte, kind }) => {
      // With other first bytes the file is no KRL, but a list of keys.
      const from = 8 + Math.floor(place * (file.length - 8));
      const rest = file.subarray(from + (kind === "change" ? 1 : 0));
      const bytes = Buffer.concat([
        file.subarray(0, from),
        ...(kind === "cut" ? [] : [Buffer.of(byte), rest]),
      ]);
      const path = at(`damaged-${index++}`);
      await writeFile(path, bytes);
      expect(await ours(readKrl(bytes))).toEqual(await ask(path));
    }),
    { numRuns: DAMAGED, endOnFailure: true },
  );
});
