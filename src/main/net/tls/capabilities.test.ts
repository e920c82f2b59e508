import { connect, createServer } from "node:net";
import { createServer as createTlsServer, type TlsOptions } from "node:tls";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import { listen, type TestServer } from "#testing/servers.ts";
import { FirstAnswerReader } from "./capabilities.ts";
import { createTlsProber } from "./probe-endpoint.ts";

const leaf = await makeCertificate({ names: ["a.example"] });
const signal = AbortSignal.timeout(60_000);
const { probeEndpoint } = createTlsProber({ handshakeMs: 2_000 });

const target = ({ endpoint }: TestServer): TlsTarget => ({
  kind: "tls",
  ...endpoint,
  serverName: "a.example",
  protocol: "tls",
});

const serve = (options: TlsOptions) =>
  listen(createTlsServer({ cert: leaf.pem, key: leaf.keyPem, ciphers: "ALL:@SECLEVEL=0", ...options }));

async function capabilitiesOf(server: TestServer) {
  const { capabilities } = await probeEndpoint(target(server), signal, { probesCapabilities: true });
  const states = (list: { name: string; state: string }[] = []) =>
    Object.fromEntries(list.map(({ name, state }) => [name, state]));
  return { versions: states(capabilities?.versions), groups: states(capabilities?.groups) };
}

test("each version that a server takes is told, down to the oldest", async () => {
  await using server = await serve({ minVersion: "TLSv1.1", maxVersion: "TLSv1.3" });
  const { versions } = await capabilitiesOf(server);
  expect(versions).toEqual({
    "TLS 1.3": "accepted",
    "TLS 1.2": "accepted",
    "TLS 1.1": "accepted",
    "TLS 1.0": "refused",
    "SSL 3.0": "refused",
  });
});

test("groups are told by an empty share, and a server without TLS 1.3 has none", async () => {
  await using some = await serve({ minVersion: "TLSv1.3", ecdhCurve: "X25519:P-384" });
  expect((await capabilitiesOf(some)).groups).toEqual({
    X25519MLKEM768: "refused",
    SecP256r1MLKEM768: "refused",
    SecP384r1MLKEM1024: "refused",
    MLKEM768: "refused",
    MLKEM1024: "refused",
    X25519: "accepted",
    "P-256": "refused",
    "P-384": "accepted",
    "P-521": "refused",
  });
  await using older = await serve({ maxVersion: "TLSv1.2" });
  const { versions, groups } = await capabilitiesOf(older);
  expect(versions).toMatchObject({ "TLS 1.3": "refused", "TLS 1.2": "accepted" });
  expect(new Set(Object.values(groups))).toEqual(new Set(["refused"]));
});

test("a server that has had enough is not asked on, and what is left is unknown", async () => {
  await using server = await serve({});
  let count = 0;
  await using limited = await listen(
    createServer((near) => {
      if (count++ >= 2) return;
      const far = connect(server.endpoint);
      near.pipe(far).pipe(near);
      near.on("close", () => far.destroy());
    }),
  );
  const hasty = createTlsProber({ handshakeMs: 300 });
  const { capabilities } = await hasty.probeEndpoint(target(limited), signal, { probesCapabilities: true });
  expect(capabilities?.versions.map(({ state }) => state)).toEqual(["accepted", ...Array(4).fill("unknown")]);
  expect(new Set(capabilities?.groups.map(({ state }) => state))).toEqual(new Set(["unknown"]));
  expect(count).toBe(3);
});

test("nothing is asked unless it is asked for, nor of who shows no chain", async () => {
  await using server = await serve({});
  expect(await probeEndpoint(target(server), signal)).toMatchObject({ capabilities: null });
  await using plain = await listen(createServer((far) => void far.end("220 mail\r\n")));
  const wish = { probesCapabilities: true };
  expect(await probeEndpoint(target(plain), signal, wish)).toMatchObject({
    outcome: "not-tls",
    capabilities: null,
  });
});

test("no bytes make the reader of a first answer throw, and what it holds is bounded", () => {
  const record = fc
    .tuple(fc.integer({ min: 20, max: 23 }), fc.uint8Array({ maxLength: 120 }))
    .map(([type, body]) => Buffer.from([type, 3, 3, body.length >> 8, body.length & 255, ...body]));
  fc.assert(
    fc.property(fc.array(fc.oneof(record, fc.uint8Array({ maxLength: 20 }))), (pieces) => {
      const reader = new FirstAnswerReader(1_024);
      for (const piece of pieces) if (reader.take(piece)) return;
    }),
    { numRuns: 1_000 },
  );
  const reader = new FirstAnswerReader(1_024);
  const empty = Buffer.from([22, 3, 3, 0, 0]);
  const answers = Array.from({ length: 400 }, () => reader.take(empty));
  expect(answers.find((answer) => answer !== null)).toEqual({ kind: "other" });
});
