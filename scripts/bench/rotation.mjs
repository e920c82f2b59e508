/**
 * What it costs to replace a key on some hosts, against `ansible` that makes the same edits on the same hosts: the new
 * line beside the old one, then the old one gone. Latchkey also reads the hosts first, holds a way back on each, proves
 * the new key by a login and the old one's end, and writes down every step; ansible does none of that. Needs root on
 * Linux, sshd and ansible (Debian: ansible); see src/main/testing/lab.
 *
 *     npm run bench -- rotation
 *
 * CPU of the client with all that it starts, and wall time, in the cheapest of some rounds; what sshd and the commands on
 * the hosts take is not in it.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtempDisposable, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startHost } from "../../src/main/testing/lab/start-host.ts";
import { makeKeyFile } from "../../src/main/testing/ssh/key-files.ts";
import { report } from "./figures.mjs";
import { childCpu } from "./measure.mjs";

const HOSTS = Number(process.argv[2] ?? 8);
const ROUNDS = 3;
const AT_A_TIME = 8;
const LATCHKEY = new URL("../../out/main/latchkey.js", import.meta.url).pathname;

const hasAnsible = ["/usr/bin/ansible-playbook", "/usr/local/bin/ansible-playbook"].some(existsSync);

await using folder = await mkdtempDisposable(join(tmpdir(), "latchkey-bench-"));
await using stack = new AsyncDisposableStack();
const admin = await makeKeyFile(folder.path, "admin");
const held = await makeKeyFile(folder.path, "held");
const other = await makeKeyFile(folder.path, "other");
const hosts = await Promise.all(
  Array.from({ length: HOSTS }, async (_, index) =>
    stack.use(await startHost({ name: `bench${index + 1}`, prepare: sayPrepare() })),
  ),
);
await writeFile(join(folder.path, "known_hosts"), await sayKnownHosts());
await writeFile(join(folder.path, "inventory"), `${hosts.map(({ address }) => address).join("\n")}\n`);

const ours = hasAnsible ? await cheapestOf(rotateByLatchkey, prepareLatchkey()) : null;
const theirs = hasAnsible ? await cheapestOf(rotateByAnsible, await writePlaybooks()) : null;
const what = `a key on ${HOSTS} hosts replaced, each host`;
const peer = "ansible, the same edits";
if (!ours || !theirs) report({ what, peer, missing: "there is no ansible here (apt-get install ansible)" });
else
  report(
    { what, peer, ours: ours.cpu / HOSTS, theirs: theirs.cpu / HOSTS, unit: "us" },
    { what: `${what}, wall`, peer, ours: ours.wallMs / HOSTS, theirs: theirs.wallMs / HOSTS, unit: "ms" },
  );

function sayPrepare() {
  const lines = [held.publicLine.trim(), `from="127.0.0.0/8" ${other.publicLine.trim()}`].join("\n");
  return `
    useradd -m -s /bin/sh deploy
    install -d -m 700 /root/.ssh
    echo '${admin.publicLine.trim()}' > /root/.ssh/authorized_keys
    install -d -m 700 -o deploy -g deploy /home/deploy/.ssh
    cat > /home/deploy/.ssh/authorized_keys <<'END'
${lines}
END
    chown deploy:deploy /home/deploy/.ssh/authorized_keys`;
}

async function sayKnownHosts() {
  const lines = hosts.map(
    async (host) => `${host.address} ${await host.run("cat /etc/ssh/ssh_host_ed25519_key.pub")}`,
  );
  return (await Promise.all(lines)).join("");
}

/** The cheapest of some rounds, by CPU, and by wall. */
async function cheapestOf(round, prepared) {
  const best = { cpu: Number.POSITIVE_INFINITY, wallMs: Number.POSITIVE_INFINITY };
  for (let index = 0; index < ROUNDS; index++) {
    const command = await round(prepared);
    const begun = performance.now();
    best.cpu = Math.min(best.cpu, await childCpu([command], 1));
    best.wallMs = Math.min(best.wallMs, performance.now() - begun);
  }
  return best;
}

function prepareLatchkey() {
  const home = join(folder.path, "home");
  const database = join(folder.path, "bench.db");
  execFileSync("sh", [
    "-c",
    `mkdir -p -m 700 ${home}/.ssh && cp ${folder.path}/known_hosts ${home}/.ssh/ && cp ${held.path} ${home}/.ssh/id_ed25519`,
  ]);
  const latchkey = `HOME=${home} SSH_AUTH_SOCK= ${process.execPath} ${LATCHKEY} --db ${database}`;
  const targets = hosts.map(({ address }) => `root@${address}`).join(" ");
  execFileSync("sh", ["-c", `${latchkey} scan ${targets} --identity ${admin.path} --accept-new --strict`]);
  return { latchkey, home };
}

/** Each round replaces the key that the round before it has made. */
async function rotateByLatchkey({ latchkey, home }) {
  const said = execFileSync("ssh-keygen", ["-lf", join(home, ".ssh/id_ed25519")], { encoding: "utf8" });
  const fingerprint = said.split(" ")[1];
  const options = `--apply --yes --no-canary --batch ${AT_A_TIME} --identity ${admin.path} --json`;
  return `${latchkey} rotate key '${fingerprint}' ${options} >/dev/null`;
}

async function writePlaybooks() {
  const [one, two] = await Promise.all([
    makeKeyFile(folder.path, "ansible-one"),
    makeKeyFile(folder.path, "ansible-two"),
  ]);
  const edit = (key, state) => `
    - ansible.posix.authorized_key: { user: deploy, state: ${state}, key: "${key.publicLine.trim()}" }`;
  const write = async (name, gone, come) => {
    const path = join(folder.path, name);
    await writeFile(
      path,
      `- hosts: all\n  gather_facts: false\n  tasks:${edit(come, "present")}${edit(gone, "absent")}\n`,
    );
    return path;
  };
  return { playbooks: [await write("a.yml", one, two), await write("b.yml", two, one)] };
}

/** There, and back in the next round. */
async function rotateByAnsible(prepared) {
  const [playbook, next] = prepared.playbooks;
  prepared.playbooks = [next, playbook];
  const ssh = `-o UserKnownHostsFile=${folder.path}/known_hosts -o IdentitiesOnly=yes -o IdentityAgent=none`;
  const files = `-i ${folder.path}/inventory -u root --private-key ${admin.path} -f ${AT_A_TIME}`;
  return `HOME=${folder.path} ANSIBLE_SSH_ARGS='-C ${ssh} -o ControlMaster=auto -o ControlPersist=60s' ANSIBLE_PIPELINING=1 ansible-playbook ${files} ${playbook} >/dev/null`;
}
