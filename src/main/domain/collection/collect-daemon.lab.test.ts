import { expect, test } from "vitest";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { startHost } from "#testing/lab/start-host.ts";
import { readCollection } from "./read-collection.ts";

const PREPARE = `
rm -rf /etc/ssh/sshd_config.d/*
useradd --create-home alice
mkdir -p /etc/ssh/deep "/etc/ssh/with space"
printf 'Include deep/*.conf "with space/*.conf"\\nPort 22\\n' > /etc/ssh/sshd_config
printf 'INCLUDE=/etc/ssh/deep/inner\\nAuthorizedKeysFile none\\n' > /etc/ssh/deep/b.conf
printf 'LogLevel VERBOSE\\n' > /etc/ssh/deep/a.conf
printf '# nothing\\nInclude deep/z*.conf\\n' > /etc/ssh/deep/inner
printf 'MaxAuthTries 4\\n' > "/etc/ssh/with space/c.conf"
chmod 600 /etc/ssh/deep/a.conf
`;

test("what the running sshd was started with counts, and files that include each other are all told", async () => {
  await using host = await startHost({ name: "daemon", prepare: PREPARE, sshdOptions: ["-o", "UsePAM=no"] });
  const asRoot = readCollection(await runCollector(host, { args: ["--nonce", "n"] }), { nonce: "n" });
  expect(asRoot?.sshd.effective?.get("alice")?.get("usepam")).toEqual(["no"]);
  expect([...(asRoot?.sshd.files.keys() ?? [])]).toEqual([
    "/etc/ssh/sshd_config",
    "/etc/ssh/deep/a.conf",
    "/etc/ssh/deep/b.conf",
    "/etc/ssh/deep/inner",
    "/etc/ssh/with space/c.conf",
  ]);
  const deep = ["/etc/ssh/deep/a.conf", "/etc/ssh/deep/b.conf"];
  expect(asRoot?.sshd.includes).toEqual(
    new Map([
      ["deep/*.conf", deep],
      ["/etc/ssh/deep/inner", ["/etc/ssh/deep/inner"]],
      ["deep/z*.conf", []],
      ["with space/*.conf", ["/etc/ssh/with space/c.conf"]],
    ]),
  );
  expect(asRoot?.authorizedKeys).toEqual([]);

  const stream = await runCollector(host, { user: "alice", args: ["--nonce", "n"] });
  expect(readCollection(stream, { nonce: "n" })?.unreadable).toEqual(
    expect.arrayContaining([
      {
        kind: "sshd-config",
        path: "sshd",
        claimedOption: "-oUsePAM=no",
        why: "a process that calls itself sshd says that it was started with -oUsePAM=no, which would override the file; whether it is sshd could not be verified",
      },
      { kind: "sshd-config", path: "/etc/ssh/deep/a.conf", why: "it may not be read without more rights" },
    ]),
  );
});

test("a second sshd with other options is asked, too, and one in a container is not", async () => {
  await using host = await startHost({ name: "daemons", prepare: PREPARE });
  const start = `/usr/sbin/sshd -o ListenAddress=${host.address}:2222 -o PidFile=none -oUsePAM=no`;
  const told = async () => readCollection(await runCollector(host), { nonce: null })?.otherDaemons;
  await host.run(`
    unshare --pid --fork --mount-proc ${start} -D </dev/null >/dev/null 2>&1 &
    until grep -qs '2222.*[[]listener' /proc/[0-9]*/cmdline; do :; done`);
  expect(await told()).toEqual([]);
  await host.run(start.replace(":2222", ":2223"));
  const [other, ...more] = (await told()) ?? [];
  expect(more).toEqual([]);
  expect(other?.daemon).toContain(":2223");
  expect(other?.effective?.get("root")?.get("usepam")).toEqual(["no"]);
  expect([...(other?.files.keys() ?? [])]).toContain("/etc/ssh/deep/a.conf");
});

test("an account that calls its program sshd leads the collector nowhere", async () => {
  await using host = await startHost({
    name: "false-daemon",
    prepare: `${PREPARE}
      printf 'the secret of root\\n' > /root/secret; printf 'Include /root/secret\\n' > /home/alice/config
      cp /usr/bin/sleep /home/alice/sshd; mkdir /home/alice/bin
      ln -s /usr/bin/sleep /home/alice/bin/sshd`,
  });
  const title = "sshd: /usr/sbin/sshd -f /home/alice/config [listener] 0 of 10-100 startups";
  await host.run(`
    setpriv --reuid alice bash -c 'exec -a "${title} a" /home/alice/sshd 60' </dev/null >/dev/null 2>&1 &
    bash -c 'exec -a "${title} b" /home/alice/bin/sshd 60' </dev/null >/dev/null 2>&1 &
    until [ "$(cat /proc/[0-9]*/comm | grep -cx sshd)" = 3 ]; do :; done`);
  const stream = await runCollector(host);
  const told = readCollection(stream, { nonce: null });
  expect(told?.otherDaemons).toEqual([]);
  expect([...(told?.sshd.files.keys() ?? [])]).not.toContain("/root/secret");
  expect(told?.unreadable.filter(({ kind }) => kind.startsWith("sshd"))).toEqual([]);
});

test("another SSH server beside sshd is named, if it is root's", async () => {
  await using host = await startHost({
    name: "dropbear",
    prepare: `${PREPARE} cp /usr/bin/sleep /usr/sbin/dropbear`,
  });
  const told = async () =>
    readCollection(await runCollector(host), { nonce: null })?.unreadable.filter(
      ({ path }) => path === "sshd",
    );
  const start = "dropbear 60 </dev/null >/dev/null 2>&1 & until grep -qs dropbear /proc/$!/comm; do :; done";
  await host.run(`setpriv --reuid alice ${start}`);
  expect(await told()).toEqual([]);
  await host.run(start);
  const why = "dropbear accepts SSH logins here, too, by rules that are not known here";
  expect(await told()).toEqual([{ kind: "sshd-config", path: "sshd", why }]);
});

test("when sshd has read its configuration is told, and when the files were changed", async () => {
  await using host = await startHost({ name: "reload", prepare: PREPARE });
  const told = async () => {
    const sshd = readCollection(await runCollector(host), { nonce: null })?.sshd;
    const changed = sshd?.changedAt.get("/etc/ssh/deep/a.conf") ?? Number.NaN;
    return { isStale: changed > (sshd?.readAt ?? Number.NaN) };
  };
  expect(await told()).toEqual({ isStale: false });
  await host.run("touch -d '1 hour' /etc/ssh/deep/a.conf");
  expect(await told()).toEqual({ isStale: true });
  await host.run(`
    touch -d '1 hour ago' /etc/ssh/deep/a.conf; touch -d '2 hours ago' /run/sshd.pid; kill -HUP 1
    until [ /run/sshd.pid -nt /etc/ssh/deep/a.conf ]; do :; done`);
  expect(await told()).toEqual({ isStale: false });
});

test("what sshd's settings name is told, but no secret that they lead to", async () => {
  await using host = await startHost({
    name: "named",
    prepare: `${PREPARE}
      mkdir -p /etc/ssh/auth /srv/jail; ln -s /srv /etc/ssh/jails
      echo ops > /etc/ssh/auth/alice; ln -s /etc/shadow /etc/ssh/auth/root
      echo 'ssh-ed25519 AAAA' > "/etc/ssh/with space/ca"; cp /etc/ssh/ssh_host_ed25519_key /etc/ssh/revoked
      mkdir -m 700 /home/alice/.ssh; : > /home/alice/.ssh/authorized_keys; chown -R alice /home/alice/.ssh
      printf '%s\\n' 'RevokedKeys /etc/ssh/revoked' 'TrustedUserCAKeys "/etc/ssh/with space/ca"' \\
        'AuthorizedPrincipalsFile /etc/ssh/auth/%u' 'ChrootDirectory /etc/ssh//jails/jail' > /etc/ssh/deep/a.conf`,
  });
  const told = readCollection(await runCollector(host), { nonce: null });
  const files = [...(told?.sshdFiles.values() ?? [])].map(({ path, bytes, whyUnreadable }) => [
    path,
    bytes && Buffer.from(bytes).toString(),
    whyUnreadable,
  ]);
  const secret = "it holds or leads to a secret, so it was not taken";
  expect(files).toEqual(
    expect.arrayContaining([
      ["/etc/ssh/revoked", null, secret],
      ["/etc/ssh/with space/ca", "ssh-ed25519 AAAA\n", null],
      ["/etc/ssh/auth/alice", "ops\n", null],
      ["/etc/ssh/auth/root", null, secret],
      ["/etc/ssh/auth/daemon", null, "no such file"],
    ]),
  );
  const folders = [...(told?.chrootFolders ?? [])].map(([path, { walk }]) => [
    path,
    walk.map(({ type }) => type),
  ]);
  expect(folders).toEqual([["/etc/ssh/jails/jail", ["folder", "folder", "folder", "folder", "folder"]]]);
});
