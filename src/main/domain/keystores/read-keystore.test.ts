import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readPem } from "#codec/pem.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import { der, oid, sequence } from "#testing/tls/build-certificate.ts";
import type { Keystore } from "./keystore.ts";
import { readLockedPkcs8 } from "./locked-key.ts";
import { formatMisfits, layTogether } from "./pkcs12-bags.ts";
import { findDefaultPassword, openKeystore, readKeystore } from "./read-keystore.ts";

const file = (name: string) => readFileSync(join(import.meta.dirname, "testdata", name));
const [leaf] = readPem(file("leaf.pem")).ders.map((der) => readCertificate(der));

/** What tests compare: each entry by its name, its kind and the subjects of its certificates. */
const entriesOf = (store: Keystore | null | undefined) =>
  store?.entries
    .map(({ alias, what, isLocked, certificates }) => [
      alias,
      `${what}${isLocked ? " locked" : ""}`,
      ...certificates.map((der) => readCertificate(der)?.subject),
    ])
    .sort();

const CHAIN = ["CN=app.example", "CN=Test CA"];

/** Each with its protection, and with how much can be read without the password. */
const PKCS12 = [
  ["aes.p12", "AES-256-CBC by PBKDF2 with HMAC-SHA256, 2,048 iterations", "locked"],
  ["legacy.p12", "RC2-40-CBC by PKCS#12's own derivation with SHA-1, 2,048 iterations", "locked"],
  ["rc2-128.p12", "RC2-128-CBC by PKCS#12's own derivation with SHA-1", "locked"],
  ["pbmac1.p12", "PBMAC1, HMAC-SHA256 by PBKDF2 with HMAC-SHA512", "locked"],
  ["clear.p12", "AES-256-CBC by PBKDF2", "partly-locked"],
  ["no-mac.p12", "AES-256-CBC by PBKDF2", "partly-locked"],
  ["java.p12", "AES-256-CBC by PBKDF2 with HMAC-SHA256, 10,000 iterations", "locked"],
] as const;

test.for(PKCS12)("%s is told of as %s, and opens with its password alone", ([name, words, state]) => {
  const bytes = file(name);
  const shut = readKeystore(bytes);
  expect(shut).toMatchObject({ format: "PKCS#12", state, lock: { canBeOpened: true }, malformed: [] });
  expect(shut?.protection).toContain(words);
  expect(openKeystore(bytes, "wrong")).toEqual({ kind: "wrong-password" });
  expect(openKeystore(bytes, "")).toEqual({ kind: "wrong-password" });

  const opened = openKeystore(bytes, "latchkey");
  if (opened?.kind !== "opened") throw new Error("its password opens it");
  const { store } = opened;
  expect(store).toMatchObject({ state: "open", lock: null, malformed: [] });
  expect(store.integrity).toBe(name === "no-mac.p12" ? "none" : "checked");
  expect(entriesOf(store)).toContainEqual(["server", "key", ...CHAIN]);
  expect(store.entries.find(({ what }) => what === "key")?.spkiSha256).toBe(leaf?.spkiSha256);
});

test("certificates that are not encrypted are shown without the password, and the key is locked", () => {
  expect(entriesOf(readKeystore(file("clear.p12")))).toEqual([["server", "key locked", ...CHAIN]]);
  expect(entriesOf(readKeystore(file("java.jks")))).toEqual([
    ["server", "key locked", ...CHAIN],
    ["zürich", "certificate", "CN=Test CA"],
  ]);
  expect(entriesOf(readKeystore(file("bouncy-bks")))).toEqual([
    ["server", "key locked", ...CHAIN],
    ["zürich", "certificate", "CN=Test CA"],
  ]);
});

test("secret keys of Java, whose length is written nowhere, do not hide what follows them", () => {
  const names = entriesOf(readKeystore(file("java.jceks")))?.map(([alias, what]) => `${alias}: ${what}`);
  expect(names).toEqual([
    "first: secret locked",
    "second: secret locked",
    "server: key locked",
    "zürich: certificate",
  ]);
});

const CHECKED = [
  ["java.jks", "JKS", "changeit"],
  ["java.jceks", "JCEKS", "latchkey"],
  ["bouncy-bks", "BKS", "latchkey"],
  ["bouncy-bks-v1", "BKS", "latchkey"],
] as const;

test.for(CHECKED)("of %s, a %s, the password proves that it is unchanged", ([name, format, password]) => {
  const bytes = file(name);
  expect(readKeystore(bytes)).toMatchObject({ format, state: "partly-locked", integrity: "not-checked" });
  expect(openKeystore(bytes, password)).toMatchObject({ kind: "opened", store: { integrity: "checked" } });
  expect(openKeystore(bytes, `${password}!`)).toEqual({ kind: "wrong-password" });
  const changed = Buffer.from(bytes);
  changed[changed.length - 100] = (changed[changed.length - 100] ?? 0) ^ 1;
  expect(openKeystore(changed, password)).toEqual({ kind: "wrong-password" });
});

test("stores that are encrypted as a whole are recognised, and locked", () => {
  for (const [name, format] of [
    ["bouncy-uber", "UBER"],
    ["bouncy-bcfks", "BCFKS"],
  ] as const) {
    const store = readKeystore(file(name));
    expect(store).toMatchObject({ format, state: "locked", entries: [], lock: { canBeOpened: false } });
    expect(openKeystore(file(name), "latchkey")).toBeNull();
  }
});

test("a bag of certificates is a store that nothing protects", () => {
  const store = readKeystore(file("bag.p7b"));
  expect(store).toMatchObject({ format: "PKCS#7", state: "open", integrity: "none", lock: null });
  expect(entriesOf(store)).toEqual([...CHAIN].sort().map((subject) => ["", "certificate", subject]));
});

test("a key that stands with the certificate of another one is named", () => {
  const [der = Buffer.alloc(0)] = readPem(file("leaf.pem")).ders.map((bytes) => Buffer.from(bytes));
  const keyOf = (spkiSha256: string) => ({ alias: "server", keyId: "01", isLocked: false, spkiSha256 });
  const bag = { kind: "certificate", alias: "", keyId: "01", der } as const;
  expect(formatMisfits(layTogether([bag], [keyOf(leaf?.spkiSha256 ?? "")]))).toEqual([]);
  expect(formatMisfits(layTogether([bag], [keyOf("00")]))).toEqual([
    'the key "server" does not fit the certificate that it stands with',
  ]);
});

test("a default password is found, and only where there is one", () => {
  expect(findDefaultPassword(file("changeit.p12"))).toMatchObject({
    password: "changeit",
    store: { state: "open" },
  });
  expect(findDefaultPassword(file("empty.p12"))).toMatchObject({ password: "", store: { state: "open" } });
  expect(findDefaultPassword(file("java.jks"))).toMatchObject({ password: "changeit" });
  expect(findDefaultPassword(file("trust.p12"))).toMatchObject({ password: "changeit" });
  for (const name of ["aes.p12", "java.jceks", "bouncy-bks", "bouncy-bcfks", "bag.p7b"])
    expect([name, findDefaultPassword(file(name))]).toEqual([name, null]);
});

test("a store that is cut short loses only what is missing, and never throws", () => {
  const jks = file("java.jks");
  const cut = readKeystore(jks.subarray(0, jks.length - 200));
  expect(entriesOf(cut)).toEqual([["zürich", "certificate", "CN=Test CA"]]);
  expect(cut?.malformed).toEqual(["it is cut short or damaged: of 2 entries 1 could be read"]);
  // No longer than its header: shorter than the hash at its end.
  expect(openKeystore(jks.subarray(0, 12), "changeit")).toEqual({ kind: "wrong-password" });
  for (const name of [
    "aes.p12",
    "clear.p12",
    "java.jceks",
    "bouncy-bks",
    "bouncy-uber",
    "bouncy-bcfks",
    "bag.p7b",
  ]) {
    const bytes = file(name);
    for (let size = 0; size < bytes.length; size += 7) readKeystore(bytes.subarray(0, size));
  }
});

test("bytes in which every entry of a store could begin are gone through once", () => {
  const secret = Buffer.from("cececece0000000200000002000000030001610000018000000000", "hex");
  // A tag and a name of 65,535 bytes, repeated: to decode the name at each of them would take hours.
  const mayBegin = Buffer.alloc(4 * 1024 * 1024, Buffer.from("00000001ffff", "hex"));
  const store = readKeystore(Buffer.concat([secret, mayBegin, Buffer.alloc(128 * 1024, 0xff)]));
  expect(store?.malformed).toEqual(["it is cut short or damaged: of 2 entries 1 could be read"]);
});

test("a key whose scrypt asks for what scrypt cannot do is damaged, and one that asks for too much is not opened", () => {
  const scrypt = (N: number[], r: number, p = [1]) =>
    sequence(
      sequence(
        oid("1.2.840.113549.1.5.13"),
        sequence(
          sequence(
            oid("1.3.6.1.4.1.11591.4.11"),
            sequence(der(0x04, new Uint8Array(8)), der(0x02, N), der(0x02, [r]), der(0x02, p)),
          ),
          sequence(oid("2.16.840.1.101.3.4.1.42"), der(0x04, new Uint8Array(16))),
        ),
      ),
      der(0x04, new Uint8Array(32)),
    );
  expect(readLockedPkcs8(scrypt([3], 8))).toBeNull();
  expect(readLockedPkcs8(scrypt([0x10, 0x00], 8))).toMatchObject({ canBeOpened: true });
  // A gibibyte of memory, by N or by p; and an N that is too large for its r, on which OpenSSL throws.
  for (const asked of [
    scrypt([0x10, 0x00, 0x00], 8),
    scrypt([2], 1, [0x4c, 0x4b, 0x3f]),
    scrypt([2, 0, 0], 1),
  ])
    expect(readLockedPkcs8(asked)).toMatchObject({
      canBeOpened: false,
      why: expect.stringMatching(/^it makes each passphrase so costly to try/),
    });
});
