import { readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect as show } from "node:util";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { Redacted } from "#shared/model/secret.ts";
import { der, oid, sequence } from "#testing/tls/build-certificate.ts";
import { createAside, inspectFile } from "./inspect-file.ts";

const file = (name: string) =>
  readFileSync(join(import.meta.dirname, "../../domain/keystores/testdata", name));
const ask = (name: string, ...passwords: string[]) => ({
  name,
  base64: file(name).toString("base64"),
  passwords: passwords.map((password) => new Redacted(password)),
});

test("files are looked into one after another, each with its own passwords", async () => {
  const aside = createAside();
  const found = await Promise.all([
    inspectFile(ask("aes.p12", "latchkey"), aside),
    inspectFile(ask("aes.p12"), aside),
    inspectFile(ask("changeit.p12"), aside),
    inspectFile(ask("java.jks", "nothing"), aside),
    inspectFile(ask("leaf.pem", "nothing"), aside),
  ]);
  expect(
    found.map(({ stores }) => stores.map(({ state, defaultPassword }) => [state, defaultPassword])),
  ).toEqual([
    [["open", null]],
    [["locked", null]],
    [["open", "changeit"]],
    [["partly-locked", "changeit"]],
    [],
  ]);
});

/** A PKCS#8 key whose passphrase costs so many iterations to try. */
const costly = (iterations: number[]) =>
  sequence(
    sequence(
      oid("1.2.840.113549.1.5.13"),
      sequence(
        sequence(oid("1.2.840.113549.1.5.12"), sequence(der(0x04, new Uint8Array(8)), der(0x02, iterations))),
        sequence(oid("2.16.840.1.101.3.4.1.42"), der(0x04, new Uint8Array(16))),
      ),
    ),
    der(0x04, new Uint8Array(64)),
  ).toString("base64");

test("what takes too long is stopped, and told of as locked; the next file is looked into all the same", async () => {
  const aside = createAside({ untyped: 60_000, typed: 1 });
  const slow = { name: "slow.key", base64: costly([0x7a, 0x12, 0x00]), passwords: [new Redacted("a")] };
  expect(await inspectFile(slow, aside)).toMatchObject({
    kind: "private-key",
    items: [{ isEncrypted: true, fingerprint: null }],
    wantsPassword: "to-open",
    malformed: ["its lock could not be tried: it was looked into for 0.001 s, and given up"],
  });
  expect(await inspectFile(ask("changeit.p12"), aside)).toMatchObject({ stores: [{ state: "open" }] });
});

test("a lock that asks for hours is not tried at all, and says so", async () => {
  const endless = {
    name: "endless.key",
    base64: costly([0x7f, 0xff, 0xff, 0xff]),
    passwords: [new Redacted("a")],
  };
  expect(await inspectFile(endless, createAside())).toMatchObject({
    wantsPassword: null,
    malformed: [expect.stringMatching(/so costly to try .*2,147,483,647 iterations/)],
  });
});

test("a password that was typed is in no reply, no error and no log", async () => {
  const logged: unknown[] = [];
  await using app = createApp({ databasePath: ":memory:", log: (error) => logged.push(error) });
  const base64 = file("aes.p12").toString("base64");
  const said: unknown[] = [];
  for (const passwords of [
    ["canary"],
    ["latchkey", "canary"],
    [`canary${"x".repeat(5_000)}`],
    "canary",
    [{ canary: 1 }],
  ])
    said.push(
      await app.client.inspect
        .file({ name: "aes.p12", base64, passwords } as never)
        .catch((error: unknown) => error),
    );
  expect(show([said, logged], { depth: null, showHidden: true })).not.toMatch(/canary/);
});
