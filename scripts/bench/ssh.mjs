/**
 * What a visit to a host costs this program, against the `ssh` binary that runs the same collector. Needs root on
 * Linux, sshd and ssh: see src/main/testing/lab.
 *
 *     npm run bench -- ssh
 *
 * CPU of the client alone, in the cheapest of some rounds; what sshd and the collector take is not in it. Round trips are
 * counted by how much longer a visit takes when each of them does.
 */
import { execFile } from "node:child_process";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { SSH_LIMITS } from "../../src/main/net/ssh/collect.ts";
import { gatherIdentities } from "../../src/main/net/ssh/identities.ts";
import { collectBySsh2 } from "../../src/main/net/ssh/testing/collect-by.ts";
import { startHost } from "../../src/main/testing/lab/start-host.ts";
import { readCollector } from "../../src/main/testing/read-scripts.ts";
import { makeKeyFile } from "../../src/main/testing/ssh/key-files.ts";
import { withoutRemarks } from "../../src/shared/text/scripts.ts";
import { startFarAway } from "./far-away.mjs";
import { report } from "./figures.mjs";
import { cheapest, childCpu, inTurns, ownCpu } from "./measure.mjs";

const runCommand = promisify(execFile);
const visits = Number(process.argv[2] ?? 24);
const ROUNDS = 12;
const AT_A_TIME = 8;
/** Rounds of which the quickest counts, and how far away the far host is. */
const TRIP_ROUNDS = 3;
const EACH_WAY_MS = 400;
const NONCE = "0123456789abcdef";

await using folder = await mkdtempDisposable(join(tmpdir(), "latchkey-bench-"));
const key = await makeKeyFile(folder.path, "key");
await using host = await startHost({
  name: "bench",
  prepare: `install -d -m 700 /root/.ssh; echo '${key.publicLine.trim()}' > /root/.ssh/authorized_keys`,
  sshdOptions: ["-o", "MaxStartups=2000"],
});
const { identities } = await gatherIdentities({
  identityFiles: [key.path],
  home: folder.path,
  agentSocket: null,
});
const collectorScript = await readCollector();
/** As a scan sends it. */
const sent = Buffer.from(withoutRemarks(collectorScript));
const script = join(folder.path, "collect.sh");
await writeFile(script, `set -- --nonce ${NONCE}\n${collectorScript}`);
const knownHosts = join(folder.path, "known_hosts");
await writeFile(knownHosts, `${host.address} ${await host.run("cat /etc/ssh/ssh_host_ed25519_key.pub")}`);

const HERE = { host: host.address, port: 22 };
const each = Array.from({ length: visits });
const costs = await cheapest(
  {
    ours: () => ownCpu(() => inTurns(each, AT_A_TIME, () => visit(HERE))),
    ssh: () =>
      childCpu(
        each.map(() => formatCommand(HERE)),
        AT_A_TIME,
      ),
  },
  ROUNDS,
);
report(
  {
    what: "SSH first visit, each host",
    ours: costs.ours / visits,
    peer: "ssh, the same script",
    theirs: costs.ssh / visits,
    unit: "us",
    most: 0.45,
  },
  {
    what: "SSH first visit, round trips",
    ours: await countTrips((port) => visit({ host: "127.0.0.1", port })),
    peer: "ssh, the same script",
    theirs: await countTrips((port) => runCommand("sh", ["-c", formatCommand({ host: "127.0.0.1", port })])),
    unit: "trips",
    mostItself: 7.5,
  },
);

/** By how much longer all has come of a host when it is far away; the one in which TCP connects is not in it. */
async function countTrips(go) {
  const walls = { near: Number.POSITIVE_INFINITY, far: Number.POSITIVE_INFINITY };
  for (let round = 0; round < TRIP_ROUNDS; round++) {
    for (const [where, eachWayMs] of [
      ["near", 0],
      ["far", EACH_WAY_MS],
    ]) {
      using door = await startFarAway(HERE, eachWayMs);
      const begun = performance.now();
      await go(door.port);
      walls[where] = Math.min(walls[where], door.lastAt - begun);
    }
  }
  // One way is gone or it is not; what is left over is this machine's.
  return Math.round((walls.far - walls.near) / EACH_WAY_MS) / 2;
}

async function visit(at) {
  const reading = await collectBySsh2({
    target: { kind: "ssh", ...at, user: "root" },
    user: "root",
    identities,
    useSudo: false,
    nonce: NONCE,
    collectorScript: sent,
    limits: SSH_LIMITS,
    verifyHostKey: () => ({ kind: "trusted" }),
    hostKeyTypes: ["ssh-ed25519"],
    signal: new AbortController().signal,
  });
  if (reading.state !== "ok") throw new Error(reading.message);
}

function formatCommand(at) {
  const options = [
    "IdentityAgent=none",
    "IdentitiesOnly=yes",
    "BatchMode=yes",
    "HostKeyAlgorithms=ssh-ed25519",
    `UserKnownHostsFile=${knownHosts}`,
  ];
  const flags = options.map((option) => `-o ${option}`).join(" ");
  return `ssh -F none -i ${key.path} -p ${at.port} ${flags} -o HostKeyAlias=${host.address} root@${at.host} 'sh -s' <${script} >/dev/null 2>&1`;
}
