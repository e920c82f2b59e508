import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { expect, test } from "vitest";
import { answer } from "#net/challenges/answer.ts";
import { readTsigSecret } from "#net/challenges/dns-update.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { Redacted } from "#shared/model/secret.ts";

const signal = new AbortController().signal;

/** Accepts every update, and never answers. */
async function startSilent() {
  const server = createServer((socket) => socket.on("data", () => socket.end()).on("error", () => undefined));
  await once(server.listen(0, "127.0.0.1"), "listening");
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const wayTo = (port: number) => ({
  kind: "rfc2136" as const,
  server: "127.0.0.1",
  port,
  zone: "corp.test",
  keyName: "latchkey",
  algorithm: "hmac-sha256" as const,
  secretId: "s1",
});
const challenge = { type: "dns-01" as const, name: "www.corp.test", txt: "text" };
const NEAR = { session: null, token: "run1", address: null, resolvers: [], spreadMs: 100, signal };

test("the secret of a zone's key is opened for each update, and is overwritten after it", async () => {
  await using server = await startSilent();
  const opened: Buffer[] = [];
  const openSecret = async () => {
    opened.push(Buffer.from(`${randomBytes(32).toString("base64")}\n`));
    return new Redacted<Uint8Array>(opened.at(-1) as Buffer);
  };
  const answered = await answer(wayTo(server.port), challenge, { ...NEAR, openSecret });
  expect(answered).toMatchObject({ kind: "failed", message: expect.stringMatching(/something is left/) });
  expect(opened).toHaveLength(2);
  expect(opened.every((bytes) => bytes.every((byte) => byte === 0))).toBe(true);
});

test("a vault that is locked before the record is taken away leaves it, and that is said", async () => {
  await using server = await startSilent();
  let times = 0;
  const openSecret = async () => {
    if (times++ > 0) throw new Refusal("locked", "the vault is locked");
    return new Redacted<Uint8Array>(Buffer.from(randomBytes(32).toString("base64")));
  };
  const answered = await answer(wayTo(server.port), challenge, { ...NEAR, openSecret });
  expect(answered).toMatchObject({
    kind: "failed",
    message: expect.stringContaining("the TXT record of _acme-challenge.www.corp.test: the vault is locked"),
  });
});

test("a key is read as the base64 that it is, and what was given is overwritten", () => {
  for (let length = 1; length < 70; length++) {
    const secret = randomBytes(length);
    for (const text of [secret.toString("base64"), ` ${secret.toString("base64").replace(/=+$/, "")}\r\n`]) {
      const given = Buffer.from(text);
      expect(Buffer.from(readTsigSecret(given) ?? [])).toEqual(secret);
      expect(given.every((byte) => byte === 0)).toBe(true);
    }
  }
  for (const text of ["", " ", "=", "no base64!", "a-b_"])
    expect(readTsigSecret(Buffer.from(text))).toBeNull();
});
