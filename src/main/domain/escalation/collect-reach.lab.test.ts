import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { readCollection } from "#domain/collection/read-collection.ts";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { startHost } from "#testing/lab/start-host.ts";
import { makeKeyFile, startSshAgent } from "#testing/ssh/key-files.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { findByPrivilegedPaths } from "./privileged-paths.ts";
import { evaluateReach } from "./reach.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN1YdxBpNlzxDqfJyw/QKow1F+wvG9hXGoqiysfJOn5Y";

const PREPARE = `
rm -rf /etc/ssl/certs/* /etc/nginx /etc/apache2
useradd --create-home --shell /bin/sh ann; useradd --create-home --shell /bin/sh bob
mkdir -m 700 /home/ann/.ssh /home/bob/.ssh
cat > /home/ann/.ssh/known_hosts <<'END'
db1,10.0.0.7 ${KEY}
[db2]:2222 ${KEY}
@revoked old ${KEY}
*.example.org ${KEY}
|1|F1E1KeoE/eEWhi10WpGv4OdiO6Y=|3988QV0VE8wmZL7suNrYQLITLCg= ${KEY}
not a line
END
printf 'Host web *.x\\nHostName web.example.org\\nUser deploy\\nIdentityFile ~/.ssh/web\\nProxyCommand secret-word\\nMatch all\\nUser no\\n' > /home/ann/.ssh/config
ln -s /home/ann/.ssh/known_hosts /home/bob/.ssh/known_hosts
echo 'all1 ${KEY}' > /etc/ssh/ssh_known_hosts
chmod 600 /home/ann/.ssh/*; chown -R ann: /home/ann; chown -R -h bob: /home/bob
mkdir -m 700 /tmp/ssh-XXstale; touch /tmp/ssh-XXstale/agent.1
`;

test("where accounts have been is told from their own files, and an agent while its socket is open", async () => {
  await using folder = await makeTemporaryFolder();
  const key = await makeKeyFile(folder.path, "key");
  await using agent = await startSshAgent(folder.path, [key.path]);
  const { publicLine } = key;
  await using host = await startHost({
    name: "reach",
    prepare: `${PREPARE}\ncat > /home/ann/.ssh/authorized_keys <<'END'\n${publicLine}END\nchown ann: /home/ann/.ssh/authorized_keys`,
  });
  const login = spawn(
    "ssh",
    [
      "-A",
      "-F",
      "none",
      "-o",
      "BatchMode=yes",
      "-o",
      "StrictHostKeyChecking=no",
      "-o",
      "UserKnownHostsFile=/dev/null",
      `ann@${host.address}`,
      "echo ready; cat",
    ],
    { env: { ...process.env, SSH_AUTH_SOCK: agent.socketPath }, stdio: ["pipe", "pipe", "ignore"] },
  );
  try {
    await once(login.stdout, "data");
    const stream = await runCollector(host);
    expect(stream.includes(Buffer.from("secret-word").toString("base64").slice(0, 12))).toBe(false);
    const collection = readCollection(stream, { nonce: null });
    if (!collection) throw new Error("the collector wrote nothing");
    const { reach } = evaluateReach(collection);
    expect(reach.agents).toEqual([{ account: "ann", kind: "forwarded", path: expect.any(String) }]);
    const told = reach.outbound.map(({ account, source, name, port, isHashed, user, identities }) =>
      [account, source, isHashed ? "hashed" : name, port, user, ...identities].join(" "),
    );
    expect(told).toEqual([
      "ann known_hosts db1 22 ",
      "ann known_hosts 10.0.0.7 22 ",
      "ann known_hosts db2 2222 ",
      "ann known_hosts hashed 22 ",
      "ann ssh_config web.example.org 22 deploy ~/.ssh/web",
      " known_hosts all1 22 ",
    ]);
  } finally {
    const exit = once(login, "exit");
    login.kill();
    await exit;
  }
  const later = readCollection(await runCollector(host), { nonce: null });
  expect(later && evaluateReach(later).reach.agents).toEqual([]);
});

/** Path, owner, group and mode of sockets that make root of whoever may write to them. */
const PRIVILEGED = [
  ["/run/docker.sock", "root", "docker", "660"],
  ["/run/podman/podman.sock", "root", "root", "600"],
  ["/run/incus/unix.socket", "root", "docker", "606"],
  ["/run/libvirt/libvirt-sock", "root", "root", "666"],
  ["/var/lib/lxd/unix.socket", "ann", "docker", "060"],
] as const;

const PREPARE_PATHS = `
groupadd docker; useradd --groups docker ann; useradd --gid docker bob; useradd cleo
${PRIVILEGED.map(
  ([path, owner, group, mode]) =>
    `mkdir -p ${path.slice(0, path.lastIndexOf("/"))}
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("${path}")'; chown ${owner}:${group} ${path}; chmod ${mode} ${path}`,
).join("\n")}
touch /run/containerd.sock`;

test("who becomes root by a socket is told as the kernel lets them write to it", async () => {
  await using host = await startHost({ name: "privileged", prepare: PREPARE_PATHS });
  const collection = readCollection(await runCollector(host), { nonce: null });
  if (!collection) throw new Error("the collector wrote nothing");
  const { privilegedPaths } = collection.reach;
  expect(privilegedPaths.map(({ path }) => path).filter((path) => path.startsWith("/run"))).toHaveLength(4);
  for (const [path] of PRIVILEGED) {
    const told = findByPrivilegedPaths(
      privilegedPaths.filter((entry) => entry.path === path),
      collection,
    ).map(({ account }) => account);
    const may = await host.run(
      `for name in ann bob cleo; do setpriv --reuid $name --regid $(id -g $name) --init-groups test -w ${path} && echo $name; done; :`,
    );
    expect({ path, who: told.filter((name) => ["ann", "bob", "cleo"].includes(name)) }).toEqual({
      path,
      who: may.split("\n").filter(Boolean),
    });
  }
  expect(evaluateReach(collection).reach.escalations).toContainEqual(
    expect.objectContaining({ account: "cleo", by: "group", rule: "/run/incus/unix.socket (everybody)" }),
  );
});
