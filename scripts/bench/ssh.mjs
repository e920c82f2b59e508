/**
 * What a visit to a host costs this program, against the `ssh` binary that runs the same collector. Needs root on
 * Linux, sshd and ssh: see src/main/testing/lab.
 *
 *     npm run bench -- ssh
 *
 * CPU of the client alone, in the cheapest of some rounds; what sshd and the collector take is not in it.
 */
import { mkdtempDisposable, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { collectHost, SSH_LIMITS } from "../../src/main/net/ssh/collect.ts";
import { gatherIdentities } from "../../src/main/net/ssh/identities.ts";
import { startHost } from "../../src/main/testing/lab/start-host.ts";
import { makeKeyFile } from "../../src/main/testing/ssh/key-files.ts";
import { report } from "./figures.mjs";
import { cheapest, childCpu, inTurns, ownCpu } from "./measure.mjs";

const visits = Number(process.argv[2] ?? 24);
const ROUNDS = 12;
const AT_A_TIME = 8;
const NONCE = "0123456789abcdef";

await using folder = await mkdtempDisposable(join(tmpdir(), "latchkey-bench-"));
const key = await makeKeyFile(folder.path, "key");
await using host = await startHost({
  name: "bench",
  prepare: `install -d -m 700 /root/.ssh; echo '${key.publicLine.trim()}' > /root/.ssh/authorized_keys`,
  sshdOptions: ["-o", "MaxStartups=2000"],
});
const { identities } = await gatherIdentities({
  ...{ identityFiles: [key.path], home: folder.path, agentSocket: null },
});
const collectorScript = await readFile(
  new URL("../../resources/collector/collect.sh", import.meta.url),
  "utf8",
);
const script = join(folder.path, "collect.sh");
await writeFile(script, `set -- --nonce ${NONCE}\n${collectorScript}`);
const knownHosts = join(folder.path, "known_hosts");
await writeFile(knownHosts, `${host.address} ${await host.run("cat /etc/ssh/ssh_host_ed25519_key.pub")}`);

const each = Array.from({ length: visits });
const costs = await cheapest(
  {
    ours: () => ownCpu(() => inTurns(each, AT_A_TIME, visit)),
    ssh: () => childCpu(each.map(sayCommand), AT_A_TIME),
  },
  ROUNDS,
);
report({
  what: "SSH first visit, each host",
  ours: costs.ours / visits,
  peer: "ssh, the same script",
  theirs: costs.ssh / visits,
  unit: "us",
  most: 0.45,
});

async function visit() {
  const reading = await collectHost({
    target: { kind: "ssh", host: host.address, port: 22, user: "root" },
    ...{ user: "root", identities, useSudo: false, nonce: NONCE, collectorScript, limits: SSH_LIMITS },
    verifyHostKey: () => ({ kind: "trusted" }),
    hostKeyTypes: ["ssh-ed25519"],
    signal: new AbortController().signal,
  });
  if (reading.state !== "ok") throw new Error(reading.message);
}

function sayCommand() {
  const options = [
    ...["IdentityAgent=none", "IdentitiesOnly=yes", "BatchMode=yes", "HostKeyAlgorithms=ssh-ed25519"],
    `UserKnownHostsFile=${knownHosts}`,
  ];
  const flags = options.map((option) => `-o ${option}`).join(" ");
  return `ssh -F none -i ${key.path} ${flags} root@${host.address} 'sh -s' <${script} >/dev/null 2>&1`;
}
