/**
 * What a TLS probe costs this program, against tls.connect, `openssl s_client` and nmap; and what a whole scan into a
 * database costs, against the probes alone. Needs nginx.
 *
 *     npm run bench -- tls
 *
 * CPU of the client alone, in the cheapest of some rounds: what else runs on the machine can only add to it.
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

const count = Number(process.argv[2] ?? 400);
const ROUNDS = 8;
const AT_A_TIME = 64;
const AT_A_TIME_PEER = 16;
const PEER_ROUNDS = 2;

await using bundled = await bundle({
  ...{ app: "app.ts", prober: "net/tls/probe-endpoint.ts" },
  "recording-worker": "features/scans/recording-worker.ts",
});
const { createApp } = await bundled.load("app");
const { createTlsProber } = await bundled.load("prober");

await using folder = await mkdtempDisposable(join(tmpdir(), "latchkey-bench-"));
await using farm = await startTlsFarm(folder.path, count);
const { targets } = farm;
const text = targets.map(({ host, port }) => `${host}:${port}`).join("\n");
const workstation = { user: "root", home: folder.path, agentSocket: null };

const costs = await cheapest(
  {
    probe: () => ownCpu(probeAll),
    documented: () => ownCpu(() => connectAll((socket) => socket.getPeerCertificate(true).raw)),
    scan: async () => {
      await using app = createApp({
        databasePath: join(folder.path, `${performance.now()}.db`),
        workstation,
      });
      return await ownCpu(async () => {
        const ok = await scanAll(app.client, text);
        if (ok !== count) throw new Error(`the scan read ${ok} of ${count} endpoints`);
      });
    },
  },
  ROUNDS,
);
const [probe, documented, scan] = [costs.probe, costs.documented, costs.scan].map((cost) => cost / count);
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
report({
  what: "scan to database, each endpoint",
  ours: scan,
  peer: "our bare probe",
  theirs: probe,
  unit: "us",
  most: 1.1,
});

async function askPeer(peer, program, most, command) {
  if (!isThere(program)) return { what, peer, missing: `${program} is not installed` };
  const { theirs } = await cheapest({ theirs: () => childCpu(command(), AT_A_TIME_PEER) }, PEER_ROUNDS);
  return { what, ours: probe, peer, theirs: theirs / count, unit: "us", most };
}

async function probeAll() {
  const prober = createTlsProber();
  const { signal } = new AbortController();
  await inTurns(targets, count, async (target) => {
    const { outcome, chain } = await prober.probeEndpoint(target, signal);
    if (outcome !== "presented" || chain.length !== 2) throw new Error(`${target.host}: ${outcome}`);
  });
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
