/**
 * What a TLS probe costs this program, against tls.connect and `openssl s_client`; and what a whole scan into a
 * database costs, against the probes alone. Needs nginx and openssl.
 *
 *     npm exec -c 'node scripts/bench/tls.mjs [ENDPOINTS]'
 *
 * CPU of the client alone, in the cheapest of some rounds: what else runs on the machine can only add to it.
 */
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, createSecureContext } from "node:tls";
import { bundle } from "./bundle.mjs";
import { cheapest, childCpu, inTurns, ownCpu, say, sayCost } from "./measure.mjs";
import { startTlsFarm } from "./tls-farm.mjs";

const count = Number(process.argv[2] ?? 400);
const ROUNDS = 8;
const AT_A_TIME = 64;

await using bundled = await bundle({ app: "app.ts", prober: "net/tls/probe-endpoint.ts" });
const { createApp } = await bundled.load("app");
const { createTlsProber } = await bundled.load("prober");

await using folder = await mkdtempDisposable(join(tmpdir(), "latchkey-bench-"));
await using farm = await startTlsFarm(folder.path, count);
const { targets } = farm;
const secureContext = createSecureContext();
const workstation = { user: "root", home: folder.path, agentSocket: null };

const ways = {
  probe: () => ownCpu(probeAll),
  documented: () => ownCpu(() => connectAll({}, (socket) => socket.getPeerCertificate(true).raw)),
  lean: () => ownCpu(() => connectAll({ secureContext }, (socket) => socket.getPeerX509Certificate())),
  scan: async () => {
    await using app = createApp({ databasePath: join(folder.path, `${performance.now()}.db`), workstation });
    return await ownCpu(() => scanAll(app.client));
  },
};
const costs = await cheapest(ways, ROUNDS);
const { openssl } = await cheapest({ openssl: () => childCpu(targets.map(askOpenssl), 16) }, 2);
const each = (total) => total / count;
const [probe, documented, lean, scan] = [costs.probe, costs.documented, costs.lean, costs.scan].map(each);

say(`${count} endpoints                                 client CPU each`);
sayCost("our probe", probe);
sayCost("tls.connect as documented", documented, `${(documented / probe).toFixed(1)} times ours`);
sayCost("tls.connect, one context, no legacy object", lean, `${(lean / probe).toFixed(1)} times ours`);
sayCost(
  "openssl s_client",
  each(openssl),
  `${(each(openssl) / probe).toFixed(1)} times ours (target: 37, better 40)`,
);
sayCost("a scan into a database", scan, `${(scan / probe).toFixed(2)} times our probe (target: 1.1 at most)`);

async function probeAll() {
  const prober = createTlsProber();
  const { signal } = new AbortController();
  await inTurns(targets, count, async (target) => {
    const { outcome, chain } = await prober.probeEndpoint(target, signal);
    if (outcome !== "presented" || chain.length !== 2) throw new Error(`${target.host}: ${outcome}`);
  });
}

async function scanAll(client) {
  const text = targets.map(({ host, port }) => `${host}:${port}`).join("\n");
  const controller = new AbortController();
  const events = await client.events.watch(undefined, { signal: controller.signal });
  const { scanId } = await client.scans.start({ text, only: "tls" });
  for await (const _ of events) {
    const { state, ok } = await client.scans.find({ scanId });
    if (state === "running") continue;
    if (ok !== count) throw new Error(`the scan read ${ok} of ${count} endpoints`);
    break;
  }
  controller.abort();
}

async function connectAll(options, look) {
  await inTurns(targets, AT_A_TIME, async ({ host, port }) => {
    const { promise, resolve, reject } = Promise.withResolvers();
    const socket = connect({ host, port, rejectUnauthorized: false, ...options }, resolve);
    socket.on("error", reject);
    await promise;
    if (!look(socket)) throw new Error(`${host} showed no certificate`);
    socket.destroy();
  });
}

function askOpenssl({ host, port }) {
  return `openssl s_client -connect ${host}:${port} -showcerts </dev/null >/dev/null 2>&1`;
}
