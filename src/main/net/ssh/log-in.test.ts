import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Redacted } from "#shared/model/secret.ts";
import { startBlackHole, startProxy, startRawServer } from "#testing/ssh/raw-server.ts";
import { makeKeyPair, startSshServer } from "#testing/ssh/ssh-server.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { gatherIdentities, type Identity } from "./identities.ts";
import { type LoginOptions, logIn } from "./log-in.ts";

async function makeIdentities(count: number): Promise<Identity[]> {
  await using folder = await makeTemporaryFolder();
  const identityFiles = Array.from({ length: count }, (_, index) => join(folder.path, `key${index}`));
  for (const path of identityFiles) await writeFile(path, makeKeyPair().private);
  return (await gatherIdentities({ identityFiles, home: folder.path, agentSocket: null })).identities;
}

const identities = await makeIdentities(7);

async function visit({ host, port }: { host: string; port: number }, options: Partial<LoginOptions> = {}) {
  const result = await logIn({
    target: { host, port },
    user: "jo",
    identities: identities.slice(0, 1),
    verifyHostKey: () => ({ kind: "trusted" }),
    hostKeyTypes: ["ssh-ed25519", "rsa-sha2-512"],
    limits: { connectMs: 3_000, readyMs: 10_000 },
    signal: new AbortController().signal,
    ...options,
  });
  if (!("client" in result)) return result;
  await result.close();
  return { loginKey: result.identity?.fingerprint };
}

const soon = { connectMs: 1_000, readyMs: 1_000 };

test.each([
  ["unknown", "host-key-unknown"],
  ["changed", "host-key-changed"],
] as const)("a host whose key is %s is told nothing of ours", async (_, outcome) => {
  await using server = await startSshServer({ run: null });
  const reading = await visit(server, {
    verifyHostKey: async ({ host, port }) => ({ kind: "refused", outcome, message: `mind ${host}:${port}` }),
  });
  expect(reading).toMatchObject({
    outcome,
    message: `mind 127.0.0.1:${server.port}`,
    isKeyRefused: true,
    hostKey: { keyType: "ssh-ed25519", fingerprint: expect.stringMatching(/^SHA256:/) },
  });
  await server.untilLeft();
  expect(server.attempts).toEqual([]);
});

test("a mistake in judging a host key is ours, and trusts nothing", async () => {
  await using server = await startSshServer({ run: null });
  await expect(visit(server, { verifyHostKey: () => Promise.reject(new Error("a bug")) })).rejects.toThrow(
    "a bug",
  );
  await server.untilLeft();
  expect(server.attempts).toEqual([]);
});

test("a key from a file takes one question, and one that cannot sign does not keep the next from it", async () => {
  await using server = await startSshServer({ run: null, admits: ({ keyIndex }) => keyIndex === 1 });
  const [first, second] = await makeIdentities(2);
  if (first?.secret.kind !== "file" || !second) throw new Error("they are files");
  const key = Redacted.reveal(first.secret.key);
  const broken = Object.create(key, { sign: { value: () => new Error("no such curve") } });
  const unable: Identity = { ...first, secret: { kind: "file", key: new Redacted(broken) } };
  expect(await visit(server, { identities: [unable, second] })).toEqual({ loginKey: second.fingerprint });
  expect(server.attempts).toHaveLength(2);
});

test("at most five keys are offered, in order, and a refusal says how many and whose", async () => {
  await using third = await startSshServer({
    run: null,
    admits: ({ keyIndex }) => keyIndex === 2,
  });
  expect(await visit(third, { identities })).toMatchObject({
    loginKey: identities[2]?.fingerprint,
  });
  await using none = await startSshServer({ run: null, admits: () => false });
  expect(await visit(none, { identities })).toMatchObject({
    outcome: "login-refused",
    message: expect.stringMatching(
      /^every key was refused for jo at .*5 keys were offered: .*key0.*; 2 more were not/,
    ),
  });
  expect(none.attempts.length).toBe(5);
  expect(await visit(none, { identities: [] })).toMatchObject({
    outcome: "login-refused",
    message: expect.stringContaining("there is no key to log in with"),
  });
});

test("a host that wants more than a key says so", async () => {
  await using server = await startSshServer({ run: null, admits: () => "partly" });
  expect(await visit(server)).toMatchObject({
    outcome: "login-refused",
    message: expect.stringContaining("only with keyboard-interactive"),
  });
});

test("a host with no algorithm in common is told as such", async () => {
  await using server = await startSshServer({ run: null });
  expect(await visit(server, { hostKeyTypes: ["ecdsa-sha2-nistp384"] })).toMatchObject({
    outcome: "alert",
    message: expect.stringContaining("no host key format in common"),
  });
});

test.each([
  ["hangs up at once", (): string => "", "throttled"],
  ["says that the address is not allowed", (): string => "Not allowed at this time\r\n", "throttled"],
  ["speaks HTTP", (): string => "HTTP/1.1 400 Bad Request\r\n\r\n", "reset"],
  ["speaks SSH 1", (): string => "SSH-1.5-old\n", "reset"],
  ["sends rubbish for a key exchange", (): string => `SSH-2.0-x\r\n${"\xff".repeat(64)}`, "reset"],
  ["hangs up in the key exchange", (): string => "SSH-2.0-x\r\n", "reset"],
])("a server that %s has its own outcome", async (_, text, outcome) => {
  await using server = await startRawServer((socket) => socket.resume().end(Buffer.from(text(), "latin1")));
  expect(await visit(server)).toMatchObject({ outcome, hostKey: null });
  await server.untilLeft();
});

test("a server that resets the connection before its greeting is taken for one that refuses us for now", async () => {
  await using server = await startRawServer((socket) => socket.resetAndDestroy());
  expect(await visit(server)).toMatchObject({ outcome: expect.stringMatching(/^(throttled|reset)$/) });
});

test("a greeting without end is cut, and one that comes byte by byte is waited for until the deadline", async () => {
  await using flood = await startRawServer((socket) => {
    const pour = () => {
      while (!socket.destroyed && socket.write("x".repeat(16_384)));
    };
    socket.on("drain", pour);
    pour();
  });
  expect(await visit(flood)).toMatchObject({
    outcome: "reset",
    message: expect.stringContaining("did not speak SSH"),
  });
  await flood.untilLeft();
  await using drip = await startRawServer((socket) => {
    const timer = setInterval(() => socket.write("S"), 5);
    socket.on("close", () => clearInterval(timer));
  });
  expect(await visit(drip, { limits: soon })).toMatchObject({
    outcome: "reset",
    message: expect.stringContaining("SSS"),
  });
  await drip.untilLeft();
});

test("a greeting in many pieces, after lines of a banner, is understood", async () => {
  await using server = await startSshServer({ run: null });
  await using proxy = await startProxy(server, (downstream, upstream) => {
    downstream.setNoDelay(true);
    downstream.write("welcome to\nthe router\r\n");
    upstream.once("data", (greeting: Buffer) => {
      upstream.pause();
      const pieces = [...greeting].map((byte) => Buffer.from([byte]));
      const next = () => {
        const piece = pieces.shift();
        if (piece) downstream.write(piece, () => setImmediate(next));
        else upstream.on("data", (chunk) => downstream.write(chunk)).resume();
      };
      next();
    });
  });
  expect(await visit(proxy)).toEqual({ loginKey: identities[0]?.fingerprint });
});

test("a host that is not there, that has no name or that swallows everything is told apart", async () => {
  const closed = await startRawServer(() => undefined);
  await closed[Symbol.asyncDispose]();
  expect(await visit(closed)).toMatchObject({ outcome: "refused" });
  expect(await visit({ host: "no-such-host.invalid", port: 22 })).toMatchObject({ outcome: "no-such-name" });
  await using silent = await startRawServer(() => undefined);
  expect(await visit(silent, { limits: soon })).toMatchObject({
    outcome: "timed-out",
    message: expect.stringContaining("said nothing"),
  });
  await silent.untilLeft();
});

test.skipIf(process.platform !== "linux")("a black hole is given up at the connect limit", async () => {
  await using hole = await startBlackHole();
  expect(await visit(hole, { limits: soon })).toMatchObject({
    outcome: "timed-out",
    message: expect.stringContaining("did not answer"),
  });
});
