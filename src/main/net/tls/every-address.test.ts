import { once } from "node:events";
import { createServer as createPlainServer } from "node:net";
import { createServer } from "node:tls";
import { expect, test } from "vitest";
import { createAddressFinder } from "#net/tcp-connect.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import { makeCertificate } from "#testing/make-certificate.ts";
import { listen } from "#testing/servers.ts";
import { createTlsProber } from "./probe-endpoint.ts";

const leaf = await makeCertificate({ names: ["shop.example"] });
const older = await makeCertificate({ names: ["shop.example"] });

const signal = AbortSignal.timeout(60_000);

/** One name for some loopback addresses. (A probe of localhost would mean this computer.) */
const proberOf = (...addresses: string[]) =>
  createTlsProber(
    { connectMs: 1_000 },
    createAddressFinder(1, async () => addresses.map((address) => ({ address }))),
  );

const target = (port: number): TlsTarget => ({
  kind: "tls",
  host: "shop.localhost",
  port,
  serverName: null,
  protocol: "tls",
});

type Leaf = typeof leaf;

/** Servers on one port of several addresses, each with its own leaf. */
async function serveAt(leaves: Record<string, Leaf>) {
  const [[first, firstLeaf], ...rest] = Object.entries(leaves) as [[string, Leaf], ...[string, Leaf][]];
  const begin = (one: Leaf) => createServer({ cert: one.pem, key: one.keyPem });
  const stack = new AsyncDisposableStack();
  const { endpoint } = stack.use(await listen(begin(firstLeaf), first));
  for (const [address, one] of rest) {
    const server = begin(one).listen(endpoint.port, address);
    stack.defer(() => void server.close());
    await once(server, "listening");
  }
  return { port: endpoint.port, [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

const der = (one: Leaf) => Buffer.from(one.der);

test("every address of a name is probed, and each shows its own chain", async () => {
  await using servers = await serveAt({ "127.0.0.2": leaf, "127.0.0.3": older, "127.0.0.4": leaf });
  const { probeEndpoint } = proberOf("127.0.0.2", "127.0.0.3", "127.0.0.4");
  const reading = await probeEndpoint(target(servers.port), signal, { everyAddress: true });
  expect(reading).toMatchObject({ outcome: "presented", facts: { address: "127.0.0.2" } });
  expect(reading.addresses).toEqual([
    { address: "127.0.0.2", outcome: "presented", message: "", chain: [der(leaf)] },
    { address: "127.0.0.3", outcome: "presented", message: "", chain: [der(older)] },
    { address: "127.0.0.4", outcome: "presented", message: "", chain: [der(leaf)] },
  ]);
});

test("an address that nobody answers at is named beside those that do", async () => {
  await using servers = await serveAt({ "127.0.0.3": leaf });
  const { probeEndpoint } = proberOf("127.0.0.2", "127.0.0.3");
  const reading = await probeEndpoint(target(servers.port), signal, { everyAddress: true });
  expect(reading).toMatchObject({ outcome: "presented", facts: { address: "127.0.0.3" } });
  expect(reading.addresses).toMatchObject([
    { address: "127.0.0.3", outcome: "presented" },
    { address: "127.0.0.2", outcome: "refused", chain: [] },
  ]);
});

test("where the first to answer shows no chain, another address speaks for the name", async () => {
  await using servers = await serveAt({ "127.0.0.3": leaf });
  const plain = createPlainServer((far) => void far.end("220 mail\r\n")).listen(servers.port, "127.0.0.2");
  await once(plain, "listening");
  const { probeEndpoint } = proberOf("127.0.0.2", "127.0.0.3");
  const reading = await probeEndpoint(target(servers.port), signal, { everyAddress: true });
  plain.close();
  expect(reading).toMatchObject({
    outcome: "presented",
    chain: [der(leaf)],
    facts: { address: "127.0.0.3" },
    addresses: [{ address: "127.0.0.2", outcome: "not-tls" }, { address: "127.0.0.3" }],
  });
});

test("unless it is asked for, and for a name with one address, the first that answers is all that is probed", async () => {
  await using servers = await serveAt({ "127.0.0.2": leaf, "127.0.0.3": older });
  const several = await proberOf("127.0.0.2", "127.0.0.3").probeEndpoint(target(servers.port), signal);
  expect(several).toMatchObject({ outcome: "presented", addresses: null });
  const wish = { everyAddress: true };
  const single = await proberOf("127.0.0.3").probeEndpoint(target(servers.port), signal, wish);
  expect(single).toMatchObject({ outcome: "presented", addresses: [] });
  const none = await proberOf("127.0.0.5", "127.0.0.6").probeEndpoint(target(servers.port), signal, wish);
  expect(none).toMatchObject({ outcome: "refused", addresses: [] });
});
