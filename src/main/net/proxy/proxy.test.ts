import { createServer, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { createTlsProber } from "#net/tls/probe-endpoint.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import { Redacted } from "#shared/model/secret.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import { startHttpProxy, startSocksProxy } from "#testing/proxies/proxies.ts";
import {
  findClosedEndpoint,
  listen,
  startSilentServer,
  startTlsServer,
  type TestServer,
} from "#testing/servers.ts";
import { hangUpAfter, startRelay } from "#testing/tls/stalling-servers.ts";
import { createProxyRoute, type ProxyAddress } from "./proxy.ts";

const signal = AbortSignal.timeout(60_000);
const { probeEndpoint } = createTlsProber();

const START = { socks5: startSocksProxy, http: startHttpProxy };
const KINDS = ["socks5", "http"] as const;

const login = { user: "jo", password: "canary-s3cret" };
const credentials = { user: "jo", password: new Redacted(login.password) };

const routeThrough = (
  kind: ProxyAddress["kind"],
  { endpoint }: Pick<TestServer, "endpoint">,
  who: ProxyAddress["credentials"] = null,
  answerMs = 10_000,
) => createProxyRoute({ kind, ...endpoint, credentials: who }, { connectMs: 10_000, answerMs });

const target = ({ host, port }: TestServer["endpoint"]): TlsTarget => ({
  kind: "tls",
  host,
  port,
  serverName: null,
  protocol: "tls",
});

test.for(KINDS)(
  "through %s the chain comes as it does directly, and the proxy looks the name up",
  async (kind) => {
    await using server = await startTlsServer();
    await using proxy = await START[kind]({ names: { "inside.example": "127.0.0.1" } });
    const inside = target({ host: "inside.example", port: server.endpoint.port });
    const reading = await probeEndpoint(inside, signal, { proxy: routeThrough(kind, proxy) });
    expect(reading).toMatchObject({
      outcome: "presented",
      message: "",
      chain: [Buffer.from(server.der)],
      addresses: null,
      facts: { version: "TLS 1.3", "seen by": "own hello" },
    });
    expect(reading.facts).not.toHaveProperty("address");
    expect(proxy.destinations).toEqual([`inside.example ${server.endpoint.port}`]);
  },
);

test.for(KINDS)(
  "through %s a server that wants another hello is reached once more, by the same proxy",
  async (kind) => {
    const leaf = await makeCertificate({ names: ["a.example"] });
    await using server = await listen(
      createTlsServer({ cert: leaf.pem, key: leaf.keyPem, ecdhCurve: "P-384", minVersion: "TLSv1.3" }),
    );
    await using proxy = await START[kind]();
    const route = routeThrough(kind, proxy);
    expect(await probeEndpoint(target(server.endpoint), signal, { proxy: route })).toMatchObject({
      outcome: "presented",
      chain: [Buffer.from(leaf.der)],
      facts: { "seen by": "node:tls" },
    });
    expect(proxy.destinations).toHaveLength(2);
  },
);

test.for(KINDS)("%s is logged in to, and its password is in nothing that is reported", async (kind) => {
  await using server = await startTlsServer();
  await using proxy = await START[kind]({ login });
  const outcomes = [];
  const wrong = { ...credentials, password: new Redacted("canary-wrong") };
  for (const who of [credentials, wrong, null]) {
    const route = routeThrough(kind, proxy, who);
    const reading = await probeEndpoint(target(server.endpoint), signal, { proxy: route });
    outcomes.push([reading.outcome, reading.message.replace(/:\d+/g, ":PORT")]);
    expect(inspect([reading, route], { depth: null, showHidden: true })).not.toContain("canary");
  }
  const name = `the proxy ${kind}://127.0.0.1:PORT`;
  expect(outcomes.slice(0, 2)).toEqual([
    ["presented", ""],
    ["proxy-failed", `${name} refused the login; is the password right?`],
  ]);
  expect(outcomes[2]?.[0]).toBe("proxy-failed");
  expect(proxy.logins[0]).toBe("jo:canary-s3cret");
});

test.for(KINDS)("a closed port behind %s is reported as what the proxy says of it", async (kind) => {
  await using proxy = await START[kind]();
  const endpoint = await findClosedEndpoint();
  const { outcome, message } = await probeEndpoint(target(endpoint), signal, {
    proxy: routeThrough(kind, proxy),
  });
  const destination = `127.0.0.1:${endpoint.port}`;
  expect(outcome).toBe(kind === "socks5" ? "refused" : "proxy-failed");
  expect(message).toContain(
    kind === "socks5" ? `could not reach ${destination}: "connection refused"` : "502",
  );
});

test("a proxy that does not want to is reported as the proxy, not as the endpoint", async () => {
  await using socks = await startSocksProxy({ reply: 2 });
  await using http = await startHttpProxy({ status: "403 Forbidden\u001b[2J" });
  const failures = [];
  for (const way of [routeThrough("socks5", socks), routeThrough("http", http)]) {
    const { outcome, message } = await probeEndpoint(target({ host: "192.0.2.7", port: 443 }), signal, {
      proxy: way,
    });
    failures.push([outcome, message.replace(/127.0.0.1:\d+/, "PROXY")]);
  }
  expect(failures).toEqual([
    [
      "proxy-failed",
      'the proxy socks5://PROXY opened no connection to 192.0.2.7:443: "not allowed by its rules"',
    ],
    ["proxy-failed", 'the proxy http://PROXY opened no connection to 192.0.2.7:443: "403 Forbidden?[2J"'],
  ]);
});

/** What answers at a proxy's address, for which kinds of proxy, and the message about it. */
const FAULTS: [string, () => Promise<TestServer>, readonly ProxyAddress["kind"][], RegExp][] = [
  ["S3: a proxy that says nothing", startSilentServer, KINDS, /did not lead through within 0.2 seconds$/],
  [
    "S4: a proxy that drips",
    () => listen(createServer(drip)),
    ["http"],
    /did not lead through within 0.2 seconds/,
  ],
  [
    "S5: a proxy that never ends its answer",
    () => listen(createServer(flood)),
    ["http"],
    /said more than any answer has/,
  ],
  [
    "S6: a proxy of another kind",
    () => listen(createServer((far) => void far.end("SSH-2.0-\u001b[2J\r\n"))),
    KINDS,
    /is no proxy of this kind: it said "SSH-2.0-\?\[2J"/,
  ],
  [
    "S7: a proxy that hangs up",
    () => listen(createServer((far) => void far.end())),
    KINDS,
    /closed the connection without an answer/,
  ],
];

function drip(far: Socket): void {
  const timer = setInterval(() => far.write("X"), 20);
  far.once("close", () => clearInterval(timer)).write("HTTP/1.1 200 OK\r\n");
}

/** Goes on until nobody reads; SOCKS has no answers of unlimited length, HTTP has heads. */
function flood(far: Socket): void {
  const more = () => {
    while (!far.destroyed && far.write("X-Header: yes\r\n".repeat(500)));
  };
  far.on("drain", more);
  far.write("HTTP/1.1 200 OK\r\n", more);
}

test.for(FAULTS)("%s is reported as the proxy's fault, and in time", async ([, start, kinds, why]) => {
  await using proxy = await start();
  for (const kind of kinds) {
    const isWaitedFor = why.source.includes("seconds");
    const way = routeThrough(kind, proxy, null, isWaitedFor ? 200 : 10_000);
    const reached = await way.reach({ host: "192.0.2.7", port: 443 }, signal);
    expect(reached).toMatchObject({ outcome: "proxy-failed", message: expect.stringMatching(why) });
  }
});

test("S1: a proxy where nobody listens is reported as the proxy", async () => {
  const endpoint = await findClosedEndpoint();
  const way = createProxyRoute({ kind: "http", ...endpoint, credentials: null });
  expect(await way.reach({ host: "192.0.2.7", port: 443 }, signal)).toEqual({
    outcome: "proxy-failed",
    message: `the proxy http://127.0.0.1:${endpoint.port} could not be reached: the connection was refused: nothing listens on port ${endpoint.port}`,
  });
});

test("S7: an endpoint that is cut at any byte behind a proxy is never shown whole", async () => {
  await using server = await startTlsServer();
  await using proxy = await startSocksProxy();
  const whole = await probeEndpoint(target(server.endpoint), signal, {
    proxy: routeThrough("socks5", proxy),
  });
  for (const bytes of [0, 1, 5, 100, 300]) {
    await using relay = await startRelay(server, () => hangUpAfter(bytes));
    const reading = await probeEndpoint(target(relay.endpoint), signal, {
      proxy: routeThrough("socks5", proxy),
    });
    expect([bytes, reading.outcome]).not.toContain("presented");
  }
  expect(whole.outcome).toBe("presented");
});

test("only its signal makes a route reject, at any moment", async () => {
  await using silent = await startSilentServer();
  const aborting = new AbortController();
  const way = routeThrough("http", silent);
  const reached = way.reach({ host: "192.0.2.7", port: 443 }, aborting.signal);
  aborting.abort(new Error("stopped"));
  await expect(reached).rejects.toThrow("stopped");
  await expect(way.reach({ host: "192.0.2.7", port: 443 }, aborting.signal)).rejects.toThrow("stopped");
});
