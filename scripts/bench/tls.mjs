/**
 * What a TLS probe costs this program, against tls.connect, `openssl s_client` and nmap; and what a whole scan into a
 * database costs for each endpoint, against the probes alone: the same hellos by the same code, of which nothing is kept.
 * A first visit to all of them, and a second one that finds nothing changed. Needs nginx.
 *
 *     npm run bench -- tls
 *
 * CPU of the client alone, all its threads, in the cheapest of some rounds: what else runs on the machine can only add to
 * it. What a scan takes for each endpoint is told by scans of few and of many; what is left is what any scan takes.
 */
import { spawnSync } from "node:child_process";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "node:tls";
import { bundle } from "./bundle.mjs";
import { report } from "./figures.mjs";
import { cheapest, childCpu, inTurns, ownCpu } from "./measure.mjs";
import { scanAll } from "./scan-all.mjs";
import { startTlsFarm } from "./tls-farm.mjs";

const FEW = Number(process.argv[2] ?? 400);
const MANY = 8 * FEW;
const ROUNDS = 8;
const ROUNDS_OF_MANY = 4;
const AT_A_TIME = 64;
const AT_A_TIME_PEER = 16;
const PEER_ROUNDS = 2;

await using bundled = await bundle({
  app: "app.ts",
  prober: "net/tls/probe-endpoint.ts",
  "recording-worker": "features/scans/recording-worker.ts",
});
const { createApp } = await bundled.load("app");
const { createTlsProber } = await bundled.load("prober");

await using folder = await mkdtempDisposable(join(tmpdir(), "latchkey-bench-"));
await using farm = await startTlsFarm(folder.path, MANY);
const targets = farm.targets.slice(0, FEW);
const workstation = { user: "root", home: folder.path, agentSocket: null };

const ofFew = {
  ...(await cheapest(
    {
      probe: () => ownCpu(() => probeAll(targets)),
      documented: () => ownCpu(() => connectAll((socket) => socket.getPeerCertificate(true).raw)),
    },
    ROUNDS,
  )),
  ...(await scanTwice(targets, ROUNDS)),
};
const ofMany = {
  ...(await cheapest({ probe: () => ownCpu(() => probeAll(farm.targets)) }, ROUNDS_OF_MANY)),
  ...(await scanTwice(farm.targets, ROUNDS_OF_MANY)),
};
const [probe, documented] = [ofFew.probe / FEW, ofFew.documented / FEW];
/** For each endpoint more. */
const each = (way) => (ofMany[way] - ofFew[way]) / (MANY - FEW);
const what = "TLS probe, each endpoint";
report({
  what,
  ours: probe,
  peer: "tls.connect, as documented",
  theirs: documented,
  unit: "us",
  most: 1 / 2,
});
report(await askPeer("openssl s_client", "openssl", 1 / 37, askOpenssl));
report(await askPeer("nmap --script ssl-cert", "nmap", 1 / 16, askNmap));
for (const [way, visit] of [
  ["first", "first visit"],
  ["second", "nothing changed"],
]) {
  report({
    what: `scan to database, each endpoint, ${visit}`,
    ours: each(way),
    peer: "our bare probe",
    theirs: each("probe"),
    unit: "us",
    most: 1.1,
  });
}
const [bareNode] = Object.values(await cheapest({ node: () => childCpu(["node -e 0"], 1) }, ROUNDS));
report({
  what: "scan to database, beside its endpoints",
  ours: Math.max(0, ofFew.first - FEW * each("first")) / 1_000,
  peer: "node -e 0",
  theirs: bareNode / 1_000,
  unit: "ms",
});

async function askPeer(peer, program, most, command) {
  if (!isThere(program)) return { what, peer, missing: `${program} is not installed` };
  const { theirs } = await cheapest({ theirs: () => childCpu(command(), AT_A_TIME_PEER) }, PEER_ROUNDS);
  return { what, ours: probe, peer, theirs: theirs / FEW, unit: "us", most };
}

async function probeAll(wanted) {
  const prober = createTlsProber();
  const { signal } = new AbortController();
  const atOnce = wanted.length > 2_048 ? AT_A_TIME : wanted.length;
  await inTurns(wanted, atOnce, async (target) => {
    const { outcome, chain } = await prober.probeEndpoint(target, signal);
    if (outcome !== "presented" || chain.length !== 2) throw new Error(`${target.host}: ${outcome}`);
  });
}

/** What the first scan into a new database takes, and the one after it. */
async function scanTwice(wanted, rounds) {
  const text = wanted.map(({ host, port }) => `${host}:${port}`).join("\n");
  const costs = { first: Number.POSITIVE_INFINITY, second: Number.POSITIVE_INFINITY };
  for (let round = 0; round < rounds; round++) {
    const databasePath = join(folder.path, `${performance.now()}.db`);
    await using app = createApp({ databasePath, workstation });
    for (const visit of ["first", "second"]) {
      const cost = await ownCpu(async () => {
        const ok = await scanAll(app.client, text);
        if (ok !== wanted.length) throw new Error(`the scan read ${ok} of ${wanted.length} endpoints`);
      });
      costs[visit] = Math.min(costs[visit], cost);
    }
  }
  return costs;
}

async function connectAll(look) {
  await inTurns(targets, AT_A_TIME, async ({ host, port }) => {
    const { promise, resolve, reject } = Promise.withResolvers();
    const socket = connect({ host, port, rejectUnauthorized: false }, resolve);
    socket.on("error", reject);
    await promise;
    if (!look(socket)) throw new Error(`${host} showed no certificate`);
    socket.destroy();
  });
}

function askOpenssl() {
  return targets.map(
    ({ host, port }) => `openssl s_client -connect ${host}:${port} -showcerts </dev/null >/dev/null 2>&1`,
  );
}

/** One nmap for all, which shares what it starts with; -T5 and no ping, for all are known to be there. */
function askNmap() {
  const hosts = targets.map(({ host }) => host).join(" ");
  return [
    `nmap -n -Pn -T5 -p ${targets[0].port} --script ssl-cert ${hosts} | grep -c Not.valid.after >/dev/null`,
  ];
}

/** Whether the shell finds it. */
function isThere(program) {
  return spawnSync("sh", ["-c", `command -v ${program}`]).status === 0;
}
