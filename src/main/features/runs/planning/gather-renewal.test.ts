import { expect, test } from "vitest";
import type { ProbeAddress } from "#domain/runs/renewal/verification-endpoints.ts";
import type { ProxyRoute } from "#net/proxy/proxy.ts";
import { type ChainsAt, createChainsAt, createTlsProber, type TlsProber } from "#net/tls/probe-endpoint.ts";
import { findClosedEndpoint, startTlsServer } from "#testing/servers.ts";
import { findChanged, readEndpoints } from "./gather-renewal.ts";

test("what was written since a scan is told by the host's own clock, however wrong that is", () => {
  const at = "2026-06-03T12:00:00Z";
  const then = Date.parse(at) / 1_000;
  const changed = (written: number, ahead: number) => findChanged(new Map([["/x", written]]), at, ahead);
  expect(changed(then - 1, 0)).toEqual([]);
  expect(changed(then + 1, 0)).toEqual(["/x"]);
  expect(changed(then + 100, 3_600)).toEqual([]);
  expect(changed(then - 3_500, -3_600)).toEqual(["/x"]);
  expect(findChanged(new Map([["/x", then]]), null, 0)).toEqual([]);
});

const { signal } = new AbortController();
const UNROUTED = "2001:db8::1";

const pointAt = (port: number, more: Partial<ProbeAddress> = {}): ProbeAddress => ({
  address: "web1.example",
  port,
  serverName: "web1.example",
  startTls: null,
  from: "here",
  ...more,
});

const look = (chainsAt: ChainsAt, way: ProxyRoute | null, point: ProbeAddress) =>
  readEndpoints({ chainsAt, proxy: way, signal }, { endpoints: [point], others: new Set() });

/** The prober, for which a name has these addresses. */
const seenAt = (...addresses: string[]) => createChainsAt(createTlsProber(), async () => addresses);

/** A proxy that reaches every address at loopback. */
const wayTo = (): ProxyRoute => ({
  name: "a login",
  reach: async ({ port }) => {
    const { connect } = await import("node:net");
    return { stream: connect({ host: "127.0.0.1", port }) };
  },
});

test("where one address of a name cannot be reached, the others are looked at all the same", async () => {
  await using server = await startTlsServer();
  const { port } = server.endpoint;
  const verificationEndpoints = await look(seenAt(UNROUTED, "127.0.0.1"), null, pointAt(port));
  expect(verificationEndpoints).toMatchObject([
    { address: UNROUTED, from: "here", before: null, unreadable: expect.stringMatching(/\S/) },
    { address: "web1.example", addresses: ["127.0.0.1"], from: "here", unreadable: null },
  ]);
  expect(verificationEndpoints[1]?.before).toMatch(/^[0-9a-f]{64}$/);
});

test("what nobody reaches from here is looked at from the host, if its login leads there", async () => {
  await using server = await startTlsServer();
  const { port } = server.endpoint;
  expect(await look(seenAt("192.0.2.1"), wayTo(), pointAt(port, { address: UNROUTED }))).toMatchObject([
    { from: "host", unreadable: null },
  ]);
  const own = pointAt(port, { address: "127.0.0.1", from: "host" });
  const [byHost] = await look(seenAt(), wayTo(), own);
  expect(byHost).toMatchObject({ address: "127.0.0.1", from: "host", unreadable: null });
  expect(byHost).not.toHaveProperty("addresses");
  expect(await look(seenAt(), null, own)).toMatchObject([
    { before: null, unreadable: expect.stringContaining("only its host reaches it") },
  ]);
});

test("an address that was seen when it was planned is asked for by itself, and says so once it is not there", async () => {
  const { port } = await findClosedEndpoint();
  const shown = await seenAt("192.0.2.9")({ ...pointAt(port), addresses: ["127.0.0.1"] }, null, signal);
  expect(shown).toMatchObject([
    { address: "127.0.0.1", chain: [], message: expect.stringContaining("nothing listens") },
  ]);
});

test("a hello that is to name nobody names nobody, also where the host has a name", async () => {
  const asked: unknown[] = [];
  const prober: Pick<TlsProber, "probeEndpoint"> = {
    probeEndpoint: (target, ...more) => {
      asked.push(target);
      return createTlsProber().probeEndpoint(target, ...more);
    },
  };
  await using server = await startTlsServer();
  await createChainsAt(prober, async () => ["127.0.0.1"])(
    pointAt(server.endpoint.port, { serverName: null }),
    null,
    signal,
  );
  expect(asked).toMatchObject([{ host: "127.0.0.1", serverName: null }]);
});

test("a name that has no address at all verifies nothing", async () => {
  expect(await look(seenAt(), null, pointAt(443))).toMatchObject([
    { address: "web1.example", before: null, unreadable: "the name has no address" },
  ]);
});
