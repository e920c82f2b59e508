import { createServer as createHttpServer } from "node:http";
import { createServer } from "node:net";
import { createSecureContext, createServer as createTlsServer, type TlsOptions } from "node:tls";
import { expect, test } from "vitest";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import {
  findClosedEndpoint,
  listen,
  startPlainServer,
  startSilentServer,
  startTlsServer,
  type TestServer,
} from "#testing/servers.ts";
import { byteByByte, hangUpAfter, oneByteRecords, startRelay } from "#testing/tls/stalling-servers.ts";
import { createTlsProber } from "./probe-endpoint.ts";

const leaf = await makeCertificate({ names: ["a.example"] });
const other = await makeCertificate({ names: ["b.example"] });
const third = await makeCertificate({ names: ["c.example"] });

const signal = AbortSignal.timeout(60_000);
const target = ({ endpoint }: Pick<TestServer, "endpoint">, serverName: string | null = null): TlsTarget => ({
  kind: "tls",
  ...endpoint,
  serverName,
  protocol: "tls",
});

const serve = (options: TlsOptions = {}, host?: string) =>
  listen(createTlsServer({ cert: leaf.pem, key: leaf.keyPem, ...options }), host);

const { probeEndpoint } = createTlsProber();
/** For servers that never answer: how long it waits does not matter. */
const hasty = createTlsProber({ connectMs: 200, handshakeMs: 200 });

const SEEN = {
  outcome: "presented",
  message: "",
  chain: [Buffer.from(leaf.der)],
  tookMs: expect.any(Number),
};

test("TLS 1.3 is read to the certificates by our own hello", async () => {
  await using server = await serve({ minVersion: "TLSv1.3", ALPNProtocols: ["http/1.1"] });
  expect(await probeEndpoint(target(server), signal)).toEqual({
    ...SEEN,
    addresses: null,
    capabilities: null,
    others: [],
    wire: { staple: null, timestamps: null, authorities: null },
    facts: {
      version: "TLS 1.3",
      cipher: "TLS_AES_256_GCM_SHA384",
      group: "X25519",
      alpn: "http/1.1",
      "ocsp stapled": "no",
      sct: "no",
      "client certificate requested": "no",
      "seen by": "own hello",
      address: "127.0.0.1",
    },
  });
});

test.for(["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"])(
  "%s is opened",
  async (cipher) => {
    await using server = await serve({ ciphers: cipher, minVersion: "TLSv1.3" });
    expect(await probeEndpoint(target(server), signal)).toMatchObject({
      ...SEEN,
      facts: { cipher, "seen by": "own hello" },
    });
  },
);

test.for([
  ["TLSv1.2", "TLS 1.2"],
  ["TLSv1.1", "TLS 1.1"],
  ["TLSv1", "TLS 1.0"],
] as const)("a server that knows %s alone is read", async ([version, said]) => {
  await using server = await serve({ minVersion: version, maxVersion: version, ciphers: "ALL:@SECLEVEL=0" });
  expect(await probeEndpoint(target(server), signal)).toMatchObject({
    ...SEEN,
    facts: { version: said, group: "X25519", "seen by": "own hello" },
  });
});

test("a server that asks for another group is read through node:tls, byte for byte", async () => {
  const cert = leaf.pem + other.pem + other.pem + third.pem;
  await using server = await serve({ cert, ecdhCurve: "P-384", minVersion: "TLSv1.3" });
  expect(await probeEndpoint(target(server), signal)).toMatchObject({
    ...SEEN,
    chain: [leaf, other, other, third].map(({ der }) => Buffer.from(der)),
    facts: { version: "TLS 1.3", group: "P-384", "seen by": "node:tls" },
  });
});

test.for(["TLSv1.2", "TLSv1.3"] as const)("a chain comes exactly as sent, under %s", async (maxVersion) => {
  const cert = leaf.pem + third.pem + other.pem + other.pem + leaf.pem;
  await using server = await serve({ cert, maxVersion });
  const { chain } = await probeEndpoint(target(server), signal);
  expect(chain).toEqual([leaf, third, other, other, leaf].map(({ der }) => Buffer.from(der)));
});

test.for(["TLSv1.2", "TLSv1.3"] as const)(
  "a server that asks for a certificate of ours is read, under %s",
  async (maxVersion) => {
    await using server = await serve({ requestCert: true, rejectUnauthorized: true, maxVersion });
    expect(await probeEndpoint(target(server), signal)).toMatchObject({
      ...SEEN,
      facts: { "client certificate requested": "yes", "seen by": "own hello" },
    });
  },
);

test("the server name decides which certificate is presented; an address sends none", async () => {
  const names: string[] = [];
  await using server = await serve({
    SNICallback: (name, done) => {
      names.push(name);
      done(null, createSecureContext({ cert: other.pem, key: other.keyPem }));
    },
  });
  const ofName = await probeEndpoint(target(server, "b.example"), signal);
  const ofAddress = await probeEndpoint(target(server), signal);
  const ofWideName = await probeEndpoint(target(server, "bücher.example"), signal);
  expect([ofName, ofAddress, ofWideName].map(({ chain }) => chain[0])).toEqual([
    Buffer.from(other.der),
    Buffer.from(leaf.der),
    Buffer.from(other.der),
  ]);
  expect(names).toEqual(["b.example", "xn--bcher-kva.example"]);
});

test("IPv6 and names are reached", async () => {
  await using v6 = await serve({}, "::1");
  expect(await probeEndpoint(target(v6), signal)).toMatchObject({ ...SEEN, facts: { address: "::1" } });
  await using server = await serve();
  const named = { ...target(server), host: "localhost" };
  expect(await probeEndpoint(named, signal)).toMatchObject(SEEN);
});

test("pieces and records of one byte change nothing", async () => {
  await using modern = await serve({ minVersion: "TLSv1.3" });
  await using older = await serve({ maxVersion: "TLSv1.2" });
  await using slices = await startRelay(modern, byteByByte);
  await using records = await startRelay(older, oneByteRecords);
  for (const server of [slices, records]) {
    expect(await probeEndpoint(target(server), signal)).toMatchObject({
      ...SEEN,
      facts: { "seen by": "own hello" },
    });
  }
});

test("a closed port is refused", async () => {
  const endpoint = await findClosedEndpoint();
  expect(await probeEndpoint(target({ endpoint }), signal)).toMatchObject({
    outcome: "refused",
    message: `the connection was refused: nothing listens on port ${endpoint.port}`,
    chain: [],
    facts: {},
  });
});

test("a name without an address is no such name", async () => {
  const nowhere: TlsTarget = {
    kind: "tls",
    host: "nowhere.invalid",
    port: 443,
    serverName: null,
    protocol: "tls",
  };
  expect(await probeEndpoint(nowhere, signal)).toMatchObject({ outcome: "no-such-name" });
});

test("other protocols are named by what they say", async () => {
  await using ssh = await startPlainServer();
  await using http = await listen(createHttpServer());
  await using mail = await listen(
    createServer((socket) => socket.write("220 mail\u001b[2J.example ESMTP\r\n")),
  );
  const messages = [];
  for (const server of [ssh, http, mail]) {
    const { outcome, message } = await probeEndpoint(target(server), signal);
    expect(outcome).toBe("not-tls");
    messages.push(message.replace(/:\d+$/, ":PORT"));
  }
  expect(messages).toMatchInlineSnapshot(`
    [
      "what listens there does not speak TLS but SSH: it said "SSH-2.0-OpenSSH_10.0"",
      "what listens there does not speak TLS but plain HTTP: it said "HTTP/1.1 400 Bad Request"",
      "what listens there does not speak TLS but SMTP or FTP: it said "220 mail?[2J.example ESMTP"; it may turn to TLS: write smtp://127.0.0.1:PORT",
    ]
  `);
});

test("an alert that nothing helps against is named", async () => {
  await using server = await serve({ ciphers: "PSK", maxVersion: "TLSv1.2", pskCallback: () => null });
  expect(await probeEndpoint(target(server), signal)).toMatchObject({
    outcome: "alert",
    message: "the server refused the handshake (alert handshake_failure)",
  });
});

test("a server that resets, or closes without a word, is reset", async () => {
  await using resetting = await listen(
    createServer((socket) => socket.once("data", () => socket.resetAndDestroy())),
  );
  await using closing = await listen(createServer((socket) => socket.once("data", () => socket.end())));
  expect(await probeEndpoint(target(resetting), signal)).toMatchObject({
    outcome: "reset",
    closedBy: "reset",
  });
  expect(await probeEndpoint(target(closing), signal)).toMatchObject({
    outcome: "reset",
    closedBy: "closed",
  });
});

test("half a flight is truncated", async () => {
  await using server = await serve();
  await using half = await startRelay(server, () => hangUpAfter(300));
  expect(await probeEndpoint(target(half), signal)).toMatchObject({
    outcome: "truncated",
    closedBy: "closed-midway",
    chain: [],
  });
});

test("a server that never ends its flight is cut off", async () => {
  const HELLO_AND_MORE = Buffer.concat([
    Buffer.from([22, 3, 3, 0x40, 0, 11, 0x07, 0xff, 0xff]),
    Buffer.alloc(16_380),
  ]);
  await using endless = await listen(
    createServer((socket) => {
      const more = () => {
        while (!socket.destroyed && socket.write(HELLO_AND_MORE));
      };
      socket.on("drain", more).once("data", more);
    }),
  );
  expect(await probeEndpoint(target(endless), signal)).toMatchObject({
    outcome: "flooded",
    message: "the server sent more than 512 KiB in its handshake; the rest was not read",
  });
});

test("silence and a drip both end at the deadline", async () => {
  await using silent = await startSilentServer();
  await using server = await serve();
  await using dripping = await startRelay(server, () => {
    const bytes: number[] = [];
    const drip = (client: { write(byte: Buffer): unknown }) =>
      setInterval(() => client.write(Buffer.of(bytes.shift() ?? 0)), 20);
    let timer: NodeJS.Timeout | undefined;
    return (piece, client) => {
      bytes.push(...piece);
      timer ??= drip(client);
      client.once("close", () => clearInterval(timer));
    };
  });
  expect(await hasty.probeEndpoint(target(silent), signal)).toMatchObject({
    outcome: "timed-out",
    message: "the server took the connection and said nothing within 0.2 seconds",
  });
  expect(await hasty.probeEndpoint(target(dripping), signal)).toMatchObject({
    outcome: "timed-out",
    message: "the server began its handshake and did not finish it within 0.2 seconds",
  });
});

test("only its signal makes it reject, at any moment", async () => {
  await using silent = await startSilentServer();
  const aborting = new AbortController();
  const prober = createTlsProber({ handshakes: 1 });
  const probes = [1, 2, 3].map(() => prober.probeEndpoint(target(silent), aborting.signal));
  aborting.abort(new Error("stopped"));
  for (const probe of probes) await expect(probe).rejects.toThrow("stopped");
  await expect(probeEndpoint(target(silent), aborting.signal)).rejects.toThrow("stopped");
});

test("many endpoints are probed beside one that is silent, whatever the limits", async () => {
  await using silent = await startSilentServer();
  await using server = await startTlsServer();
  const prober = createTlsProber({ connects: 2, handshakes: 1, yieldMs: 10, handshakeMs: 1_500 });
  const ended: string[] = [];
  const probe = async (to: TlsTarget) => ended.push((await prober.probeEndpoint(to, signal)).outcome);
  await Promise.all([probe(target(silent)), ...Array.from({ length: 20 }, () => probe(target(server)))]);
  expect(ended).toEqual([...Array(20).fill("presented"), "timed-out"]);
});

test("a server that refuses what it does not speak inside TLS is probed again without it", async () => {
  await using server = await serve({ ALPNProtocols: ["imap"], maxVersion: "TLSv1.2" });
  expect(await probeEndpoint(target(server), signal)).toMatchObject({
    ...SEEN,
    facts: { alpn: "none", "seen by": "own hello" },
  });
});
