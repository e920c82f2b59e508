/** Faults of the network, each in networks of our own: one scan by the program itself, from inside. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createApp } from "#app";
import type { Probe } from "#shared/model/hosts/probe.ts";
import { letIn, listProbes, makeDesk } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { type Network, startNetworks } from "#testing/lab/start-network.ts";
import { recordFault } from "./fault-table.ts";

const lab = test.skipIf(!canStartHosts());

const NAME_SERVER = join(import.meta.dirname, "../lab/name-server.ts");
/** A bind mount of our own resolv.conf, which no other process sees. */
const WITH_NAMES = 'mount --bind "$1" /etc/resolv.conf && shift && exec "$@"';

/** Addresses in the field, by their fault. */
const PLACES = { healthy: 1, blackHole: 2, reset: 3, smallPackets: 4, lossy: 5 };
const SLOW = "10.50.1.1";
const NAMES = ["good.lab", "none.lab", "mute.lab", "many.lab", "here.lab"];
const MANY = 200;

const world = new AsyncDisposableStack();
const probes = new Map<string, Probe>();
let field: Network;

beforeAll(async () => {
  if (!canStartHosts()) return;
  const made = world.use(await startNetworks("slow", "office", "field"));
  const [slow, office] = made.networks as [Network, Network, Network];
  field = made.networks[2] as Network;
  const desk = world.use(await makeDesk());
  const prepare = letIn(desk.publicKey);
  const at = (network: Network, name: string, index: number) =>
    startHost({ name, prepare, place: { network, address: network.address(index) } });
  const hosts = await Promise.all([
    at(field, "healthy", PLACES.healthy),
    at(field, "small-packets", PLACES.smallPackets),
    at(field, "lossy", PLACES.lossy),
    at(slow, "slow", 1),
  ]);
  for (const host of hosts) world.use(host);
  await breakField();
  await slow.run("tc qdisc add dev right root tbf rate 16kbit burst 1600 latency 1s");
  world.use(await startNameServer(office));
  const resolv = join(desk.home, "resolv.conf");
  await writeFile(resolv, "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");

  const targets = [...Object.values(PLACES).map((index) => field.address(index)), SLOW, ...NAMES];
  const ended = await desk.latchkey(["scan", "--ssh", "--accept-new", "--json", ...targets], {
    before: [...office.enter, "unshare", "--mount", "sh", "-c", WITH_NAMES, "sh", resolv],
  });
  expect(ended).toMatchObject({ code: 0, err: "" });
  await using app = createApp({ databasePath: desk.databasePath, access: "read" });
  for (const probe of await listProbes(app.client, 1)) probes.set(probe.target.host, probe);
}, 120_000);

afterAll(() => world.disposeAsync());

/** In the field's own packet filter; its counters are read afterwards. */
const breakField = () =>
  field.run(`nft -f - <<'END'
table ip faults {
  set tried { type ipv4_addr; flags dynamic; }
  counter resets {}
  chain input {
    type filter hook input priority 0;
    ip daddr ${field.address(PLACES.blackHole)} drop
    ip daddr ${field.address(PLACES.reset)} tcp dport 22 counter name resets reject with tcp reset
    ip daddr ${field.address(PLACES.lossy)} numgen random mod 100 < 30 drop
    ip daddr 10.52.9.0/24 add @tried { ip daddr }
  }
  chain output {
    type filter hook output priority 0;
    ip saddr ${field.address(PLACES.smallPackets)} meta length gt 500 drop
    ip saddr ${field.address(PLACES.lossy)} numgen random mod 100 < 30 drop
  }
}
END`);

async function startNameServer(network: Network) {
  const names = {
    "good.lab": [field.address(PLACES.healthy)],
    "many.lab": Array.from({ length: MANY }, (_, index) => `10.52.9.${index + 1}`),
    "mute.lab": null,
    "here.lab": ["127.0.0.1"],
  };
  const [command = "", ...words] = network.enter;
  const args = [...words, process.execPath, NAME_SERVER, "127.0.0.1", JSON.stringify(names)];
  const server = spawn("setpriv", ["--pdeathsig", "KILL", command, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  await once(server.stdout, "data");
  return { [Symbol.dispose]: () => void server.kill("SIGKILL") };
}

const probe = (host: string): Probe => {
  const found = probes.get(host);
  if (!found) throw new Error(`${host} was not visited`);
  return found;
};
const say = ({ outcome, tookMs }: Probe): string => `${outcome} in ${(tookMs / 1_000).toFixed(1)} s`;

lab("a healthy host is read whole beside every fault of the network, by its address and by its name", () => {
  const healthy = [probe(field.address(PLACES.healthy)), probe("good.lab")];
  expect(healthy).toMatchObject([{ outcome: "collected" }, { outcome: "collected" }]);
});

lab("S1: a packet filter that resets is told as refused, after two tries at most", async ({ task }) => {
  const reset = probe(field.address(PLACES.reset));
  expect(reset).toMatchObject({ state: "failed", outcome: "refused" });
  const tries = /packets (\d+)/.exec(await field.run("nft list counter ip faults resets"))?.[1];
  expect(["1", "2"]).toContain(tries);
  recordFault(task, {
    id: "S1",
    injected: "nft reject with tcp reset",
    seen: `${say(reset)}, ${tries} tries`,
  });
});

lab("S2: a black hole is given up when no connection stands in time", ({ task }) => {
  const dropped = probe(field.address(PLACES.blackHole));
  expect(dropped).toMatchObject({
    state: "failed",
    outcome: "timed-out",
    message: expect.stringContaining("did not answer within 3 s"),
  });
  recordFault(task, { id: "S2", injected: "nft drop", seen: `${say(dropped)}; neighbours read` });
});

lab(
  "S12: where large packets are lost, the key exchange stalls, and what that looks like is said",
  ({ task }) => {
    const stalled = probe(field.address(PLACES.smallPackets));
    expect(stalled).toMatchObject({
      state: "failed",
      outcome: "timed-out",
      message: expect.stringContaining("MTU"),
    });
    recordFault(task, {
      id: "S12",
      injected: "nft drop of more than 500 bytes",
      seen: `${say(stalled)}, "MTU"`,
    });
  },
);

lab("S13: a lossy link and a slow one are read whole, or not told as whole", ({ task }) => {
  for (const [injected, host] of [
    ["30 % of packets dropped at random", field.address(PLACES.lossy)],
    ["tbf 16 kbit/s", SLOW],
  ] as const) {
    const met = probe(host);
    expect(met.state === "ok").toBe(met.outcome === "collected");
    if (met.state !== "ok") expect(met.outcome).toMatch(/^(timed-out|reset|truncated)$/);
    recordFault(task, { id: "S13", injected, seen: say(met) });
  }
});

lab(
  "S17: names without an address, without an answer, or with many, and one that leads back here",
  async ({ task }) => {
    const messages = Object.fromEntries(NAMES.map((name) => [name, probe(name).message]));
    expect(messages).toMatchObject({
      "none.lab": expect.stringContaining("the name has no address"),
      "mute.lab": expect.stringContaining("could not be resolved"),
      "here.lab": expect.stringContaining("leads to this computer (127.0.0.1)"),
      "many.lab": expect.stringContaining("many.lab"),
    });
    const tried = (await field.run("nft list set ip faults tried")).match(/10\.52\.9\.\d+/g) ?? [];
    expect(tried.length).toBeGreaterThan(0);
    expect(tried.length).toBeLessThanOrEqual(8);
    recordFault(task, {
      id: "S17",
      injected: `name server: NXDOMAIN, silence, ${MANY} addresses, 127.0.0.1`,
      seen: `none ${say(probe("none.lab"))}, silence ${say(probe("mute.lab"))}, ${tried.length} of ${MANY} tried, 127.0.0.1 not visited`,
    });
  },
);
