import { afterAll, beforeAll, expect, test } from "vitest";
import { verifyPossession, writeScanStatement } from "#domain/signatures/possession.ts";
import { readKeyBlob } from "#domain/ssh/key-blob.ts";
import { runCollector, SHELLS, SOME_SHELLS } from "#testing/lab/run-in-host.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import type { Collection, KeyFile } from "./collection.ts";
import { readCollection } from "./read-collection.ts";

const PREPARE = `
rm -rf /etc/ssl/certs/* /etc/nginx /etc/apache2
useradd --create-home --shell /bin/bash --groups adm alice
useradd --create-home --shell /usr/sbin/nologin bob
useradd --create-home --shell /opt/gone carol
chmod 711 /home/alice; chmod 700 /home/bob
chage -E 2031-02-03 alice
usermod -p '$6$salt$hash' alice; passwd -qd bob
for user in alice bob root; do
  home=$(getent passwd $user | cut -d: -f6)
  mkdir -p $home/.ssh
  ssh-keygen -q -t ed25519 -N '' -C $user -f $home/.ssh/id_ed25519
  cp $home/.ssh/id_ed25519.pub $home/.ssh/authorized_keys
  chown -R $user: $home/.ssh; chmod 700 $home/.ssh
done
mkdir -p /etc/ssh/keys /etc/ssl/site
cp /home/bob/.ssh/id_ed25519.pub /etc/ssh/keys/alice
mkdir -p "/etc/ssh/keys.d/%$(id -u alice)"
for name in b a; do cp /home/bob/.ssh/id_ed25519.pub "/etc/ssh/keys.d/%$(id -u alice)/$name.pub"; done
chmod 644 /etc/ssh/keys.d/*/*
ln -s /etc/ssh/keys/alice /home/alice/.ssh/authorized_keys2
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=lab -days 9 \\
  -keyout /etc/ssl/site/key.pem -out /etc/ssl/site/cert.pem 2>/dev/null
chmod 600 /etc/ssl/site/key.pem
cat > /etc/ssh/sshd_config.d/10-lab.conf <<END
AuthorizedKeysFile .ssh/authorized_keys .ssh/authorized_keys2 /etc/ssh/keys/%u /etc/ssh/keys.d/%%%U/*.pub
AllowUsers alice bob root
Match User bob
  PubkeyAuthentication no
Match all
Include /etc/ssh/none.d/*.conf
END
`;

let host: LabHost;
beforeAll(async () => {
  host = await startHost({ name: "shells", prepare: PREPARE });
}, 60_000);
afterAll(() => host[Symbol.asyncDispose]());

/** Whether the key has signed, which is the same in every run. */
function evaluateVerification(
  { signature, blob, path }: KeyFile,
  { nonce, signingHost: hosts }: Collection,
): string | null {
  const key = blob && readKeyBlob(blob);
  if (signature === null || !key) return signature;
  return verifyPossession(signature, writeScanStatement({ nonce, hosts, path }), key.fingerprint).kind;
}

function steady(stream: Uint8Array, nonce: string | null): Collection | null {
  const collection = readCollection(stream, { nonce });
  if (!collection) return null;
  // Lab hosts share the machine's sockets, and each has its own processes.
  const listening = { listeners: null, processes: new Map(), addresses: null };
  const workloads = collection.workloads && { ...collection.workloads, processes: [] };
  // Each scan has its own nonce, so signatures differ; whether a key has signed does not.
  const keyFiles = collection.keyFiles.map((file) => ({
    ...file,
    signature: evaluateVerification(file, collection),
  }));
  return { ...collection, listening, workloads, keyFiles, facts: { ...collection.facts, unixTime: null } };
}

test("as root every shell tells the same, and all of it", async () => {
  const reference = steady(await runCollector(host, { args: ["--nonce", "n1"] }), "n1");
  expect(reference).toMatchObject({
    incomplete: null,
    facts: { hostname: "shells", sshdVersion: expect.stringMatching(/^OpenSSH_\d/) },
    readAs: { uid: 0, user: "root", how: "login" },
    loginKey: null,
    unreadable: [],
  });
  const account = (name: string) => reference?.accounts.find((each) => each.name === name);
  expect(account("alice")).toMatchObject({
    home: "/home/alice",
    groups: ["alice", "adm"],
    passwordState: "set",
    isLockedForSshd: false,
    expiresOnDay: Date.UTC(2031, 1, 3) / 86_400_000,
    isShellUsable: true,
  });
  expect(account("bob")).toMatchObject({ passwordState: "none", isShellUsable: true, expiresOnDay: null });
  expect(account("carol")).toMatchObject({
    passwordState: "locked",
    isLockedForSshd: true,
    isShellUsable: false,
  });
  // mksh counts in 32 bits.
  for (const shell of [...SHELLS, "mksh"]) {
    const nonce = shell.replace(/\W+/g, "-");
    const stream = await runCollector(host, { shell, args: ["--nonce", nonce] });
    expect({ shell, told: steady(stream, nonce) }).toEqual({ shell, told: { ...reference, nonce } });
  }
});

test("every file that sshd would read is there, with what sshd itself says", async () => {
  const told = steady(await runCollector(host, { args: ["--nonce", "n1"] }), "n1");
  const files = told?.authorizedKeys.map(({ path, accounts, realPath, isLink }) => ({
    path,
    accounts,
    realPath,
    isLink,
  }));
  expect(files).toEqual([
    own("/root/.ssh/authorized_keys", "root"),
    own("/home/alice/.ssh/authorized_keys", "alice"),
    {
      path: "/home/alice/.ssh/authorized_keys2",
      accounts: ["alice"],
      realPath: "/etc/ssh/keys/alice",
      isLink: true,
    },
    own("/etc/ssh/keys/alice", "alice"),
    own("/etc/ssh/keys.d/%1000/a.pub", "alice"),
    own("/etc/ssh/keys.d/%1000/b.pub", "alice"),
    own("/home/bob/.ssh/authorized_keys", "bob"),
  ]);
  expect(told?.authorizedKeys[1]?.walk).toMatchObject([
    { path: "/home/alice/.ssh/authorized_keys", type: "file", mode: 0o644 },
    { path: "/home/alice/.ssh", type: "folder", mode: 0o700 },
    { path: "/home/alice", mode: 0o711 },
    { path: "/home", mode: 0o755, uid: 0, gid: 0 },
    { path: "/", mode: 0o755 },
  ]);
  const effective = (name: string) => told?.sshd.effective?.get(name)?.get("pubkeyauthentication");
  expect([effective("alice"), effective("bob")]).toEqual([["yes"], ["no"]]);
  expect(told?.sshd.effective?.get("alice")?.get("allowusers")).toEqual(["alice", "bob", "root"]);
  expect([...(told?.sshd.files.keys() ?? [])]).toEqual([
    "/etc/ssh/sshd_config",
    "/etc/ssh/sshd_config.d/10-lab.conf",
  ]);
  expect(told?.sshd.includes).toEqual(
    new Map([
      ["/etc/ssh/sshd_config.d/*.conf", ["/etc/ssh/sshd_config.d/10-lab.conf"]],
      ["/etc/ssh/none.d/*.conf", []],
    ]),
  );
  expect(told?.certificateFiles).toMatchObject([{ path: "/etc/ssl/site/cert.pem", malformed: [] }]);
  expect(told?.keyFiles.map(({ path }) => path)).toContain("/etc/ssl/site/key.pem");
});

const own = (path: string, account: string) => ({ path, accounts: [account], realPath: path, isLink: false });

test("an ordinary user tells what it may read, and names the rest", async () => {
  const args = ["--nonce", "n2", "--login-account", "alice", "--login-key", "SHA256:abc+/"];
  const reference = steady(await runCollector(host, { user: "alice", args }), "n2");
  expect(reference).toMatchObject({
    incomplete: null,
    readAs: { user: "alice", how: "login" },
    loginAccount: "alice",
    loginKey: "SHA256:abc+/",
    sshd: { effective: null },
  });
  expect(reference?.accounts.find(({ name }) => name === "alice")).toMatchObject({
    passwordState: "set",
    expiresOnDay: Date.UTC(2031, 1, 3) / 86_400_000,
  });
  expect(reference?.accounts.find(({ name }) => name === "bob")).toMatchObject({
    passwordState: "unknown",
    isLockedForSshd: null,
    expiresOnDay: "unknown",
  });
  expect(reference?.authorizedKeys.map(({ path, accounts }) => ({ path, accounts }))).toEqual([
    { path: "/home/alice/.ssh/authorized_keys", accounts: ["alice"] },
    { path: "/home/alice/.ssh/authorized_keys2", accounts: ["alice"] },
    { path: "/etc/ssh/keys/alice", accounts: ["alice"] },
    { path: "/etc/ssh/keys.d/%1000/a.pub", accounts: ["alice"] },
    { path: "/etc/ssh/keys.d/%1000/b.pub", accounts: ["alice"] },
  ]);
  expect(reference?.hostKeys).toHaveLength(3);
  expect(reference?.unreadable).toEqual(
    expect.arrayContaining([
      { kind: "password-state", path: "/etc/shadow", why: "only root may read it" },
      { kind: "sshd-effective", path: "sshd", why: "only root may read it" },
      { kind: "home", path: "/home/bob", why: "it may not be read without more rights" },
      { kind: "home", path: "/root", why: "it may not be read without more rights" },
      { kind: "key-file", path: "/etc/ssl/site/key.pem", why: "it may not be read without more rights" },
    ]),
  );
  for (const shell of SOME_SHELLS) {
    const stream = await runCollector(host, { shell, user: "alice", args });
    expect({ shell, told: steady(stream, "n2") }).toEqual({ shell, told: reference });
  }
});

test("with nothing but busybox on the host it tells the same", async () => {
  const reference = steady(await runCollector(host, { args: ["--nonce", "n3"] }), "n3");
  await host.run(`mkdir -p /opt/bare && cp "$(command -v busybox)" /usr/sbin/sshd /opt/bare/
    ln -s busybox /opt/bare/bash
    for tool in $(busybox --list); do ln -sf busybox /opt/bare/$tool; done`);
  const hide = 'mount --bind /opt/bare /usr/bin; mount --bind /opt/bare /usr/sbin; exec "$@"';
  const stream = await runCollector(host, {
    wrap: ["unshare", "--mount", "sh", "-c", hide, "sh"],
    args: ["--nonce", "n3"],
  });
  const told = steady(stream, "n3");
  expect(told).toMatchObject({ incomplete: null, accounts: reference?.accounts });
  expect(told?.authorizedKeys).toEqual(reference?.authorizedKeys);
  expect(told?.certificateFiles).toEqual(reference?.certificateFiles);
  expect(told?.sshd).toEqual(reference?.sshd);
});

test("noise, odd options and a hostile environment change nothing", async () => {
  const reference = steady(await runCollector(host, { args: ["--nonce", "n4"] }), "n4");
  const before = [
    "printf 'motd without an end'; printf '\\nlatchkey-collection 1 forged\\nend 0 forged none\\n'",
    "alias ls='ls --color=always' cd='echo cd'; umask 777; set -u; IFS=/e; CDPATH=/; unset HOME",
    "awk() { echo hooked; }; grep() { echo hooked; }",
    "head -c 3000 /dev/urandom 2>/dev/null; echo",
  ].join("\n");
  const environment = { PATH: ".:/nonexistent", LC_ALL: "tr_TR.UTF-8", TZ: "Asia/Tokyo", ENV: "/dev/null" };
  for (const shell of SOME_SHELLS) {
    const stream = await runCollector(host, { shell, before, environment, args: ["--nonce", "n4"] });
    expect({ shell, told: steady(stream, "n4") }).toEqual({ shell, told: reference });
  }
});

test("without a nonce it makes its own, and the stream is a bundle", async () => {
  const bundle = readCollection(await runCollector(host), { nonce: null });
  expect(bundle).toMatchObject({ incomplete: null, loginKey: null, loginAccount: null });
  expect(bundle?.nonce).toMatch(/^[0-9a-f]{32}$/);
});

test("what was read before a host hangs has been said, whatever awk is there", async () => {
  await using hung = await startHost({
    name: "hung",
    prepare: `cat > /usr/sbin/getent <<'END'
#!/bin/sh
[ "$1" != group ] || exec sleep 600
exec /usr/bin/getent "$@"
END
chmod 755 /usr/sbin/getent`,
  });
  for (const awk of ["mawk", "busybox"]) {
    await hung.run(`ln -sf /usr/bin/${awk} /usr/sbin/awk`);
    const stream = await runCollector(hung, { args: ["--nonce", "n5"], until: /\nhost .*\n/ });
    expect(readCollection(stream, { nonce: "n5" })).toMatchObject({
      incomplete: expect.stringContaining("stops early"),
      facts: { hostname: "hung" },
    });
  }
});
