/**
 * How long a scan of 2,000 addresses takes of which 5 % are dead, against the one timeout that has to be waited for.
 * In a network of its own, where what is sent to the dead goes nowhere. Needs root on Linux, and nginx.
 *
 *     npm run bench -- dead-addresses
 */
import { execFileSync } from "node:child_process";
import { mkdtempDisposable } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { canMakeHosts } from "../can-make-hosts.mjs";
import { bundle } from "./bundle.mjs";
import { report } from "./figures.mjs";
import { inTurns } from "./measure.mjs";
import { startTlsFarm } from "./tls-farm.mjs";

const COUNT = 2_000;
const ONE_IN = 20;
const TIMEOUT_MS = 3_000;
const ROUNDS = 3;
const INSIDE = "inside";
/** A cable whose other end nobody listens at, and that does not ask who is there. */
const NETWORK = `ip link set lo up && ip link add cable type veth peer name end && ip link set end up &&
  ip link set cable arp off up && ip addr add 10.90.0.1/16 dev cable && exec "$0" "$@"`;

const what = "2,000 addresses, 5 % dead, wall";
const peer = "one connect timeout";
if (process.argv[2] === INSIDE) process.stdout.write(`${await measure()}\n`);
else if (!canMakeHosts()) report({ what, peer, missing: "it needs root on Linux, and namespaces" });
else {
  const inside = [process.execPath, fileURLToPath(import.meta.url), INSIDE];
  const args = ["--net", "--kill-child", "--fork", "sh", "-c", NETWORK, ...inside];
  const took = execFileSync("unshare", args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
  report({ what, peer, ours: Number(took), theirs: TIMEOUT_MS, unit: "ms", most: 1.05 });
}

async function measure() {
  await using bundled = await bundle({ prober: "net/tls/probe-endpoint.ts" });
  const { createTlsProber } = await bundled.load("prober");
  await using folder = await mkdtempDisposable(join(tmpdir(), "latchkey-bench-"));
  await using farm = await startTlsFarm(folder.path, COUNT - COUNT / ONE_IN);
  const alive = farm.targets.values();
  const targets = Array.from({ length: COUNT }, (_, at) =>
    at % ONE_IN === 0
      ? { kind: "tls", host: `10.90.1.${1 + at / ONE_IN}`, port: 443, serverName: null, protocol: "tls" }
      : alive.next().value,
  );
  const took = [];
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now();
    const presented = await probeAll(createTlsProber({ connectMs: TIMEOUT_MS }), targets);
    took.push(performance.now() - start);
    if (presented !== farm.targets.length) throw new Error(`${presented} addresses presented a chain`);
  }
  return Math.min(...took);
}

async function probeAll(prober, targets) {
  const { signal } = new AbortController();
  let presented = 0;
  await inTurns(targets, targets.length, async (target) => {
    const { outcome } = await prober.probeEndpoint(target, signal);
    if (outcome === "presented") presented++;
  });
  return presented;
}
