import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readCollection } from "#domain/collection/read-collection.ts";
import { inspectAccount, inspectDaemon } from "#net/ssh/session/inspect-host.ts";
import { openSessionIn } from "#net/ssh/session/testing/open-session-in.ts";
import { runCollector, startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { readRotationScript } from "#testing/read-scripts.ts";

const EVIL = "/home/alice/evil.conf";

const prepare = async () => `
  rm -rf /etc/ssh/sshd_config.d/*
  useradd --create-home alice; useradd --create-home bob
  printf 'AuthorizedKeysFile /etc/ssh/true/%%u\\n' > /etc/ssh/sshd_config
  printf 'AuthorizedKeysFile /home/alice/theirs\\nInclude /root/secret.conf\\n' > ${EVIL}
  echo 'Banner /root-was-here' > /root/secret.conf
  echo 'alice ALL=(root) NOPASSWD: /usr/sbin/sshd' > /etc/sudoers.d/alice
  cat > /run/daemon-title.py <<'PYTHON'
${await readFile(join(import.meta.dirname, "daemon-title.py"), "utf8")}
PYTHON`;

/**
 * A process tree of its own, in which a user's processes come first and root's sshd last; the command that follows runs
 * in it.
 */
const inTree = (attack: string) => [
  "unshare",
  "--pid",
  "--fork",
  "--kill-child",
  "--mount-proc",
  "sh",
  "-c",
  `as_alice() { HOME=/home/alice setpriv --reuid alice --regid alice --init-groups "$@"; }
  exec 2>/dev/null
  ${attack}
  until [ "$(sh -c 'echo $$')" -gt 40 ]; do :; done
  /usr/sbin/sshd -o ListenAddress=${host.address}:2299 -o PidFile=none </dev/null
  until grep -qs '2299.*[[]listener' /proc/[0-9]*/cmdline; do :; done
  "$@"`,
  "sh",
];

const TITLES = `
  for how in su own; do as_alice /usr/bin/python3 /run/daemon-title.py $how ${EVIL} & done
  until [ "$(grep -ls 'sshd -D -f.*[[]listener' /proc/[0-9]*/cmdline | wc -l)" = 2 ]; do :; done`;

/** What root lets a user start. The login account is written to a file that the kernel lets nobody write twice. */
const SUDO = () => `
  sh -c 'echo 1000 >/proc/self/loginuid; exec "$@"' sh setpriv --reuid alice --regid alice --init-groups \\
    sudo /usr/sbin/sshd -f ${EVIL} -o ListenAddress=${host.address}:2298 -o PidFile=none -o RevokedKeys=/root/secret.conf
  until grep -qs '2298.*[[]listener' /proc/[0-9]*/cmdline; do :; done`;

let host: LabHost;
beforeAll(async () => {
  host = await startHost({ name: "titles", prepare: await prepare() });
});
afterAll(() => host?.[Symbol.asyncDispose]());

test.skipIf(!canStartHosts()).each([
  ["a setuid program and a program of the user's under sshd's title", () => TITLES],
  ["an sshd that sudo lets a user start with a configuration of the user's", SUDO],
])("root's hand goes by no configuration of %s", async (_, attack) => {
  const library = `${await readRotationScript("facts.sh")}\n${await readRotationScript("host-key.sh")}`;
  await using hand = await openSessionIn(startShellIn(host, { wrap: inTree(attack()) }), library);
  const look = await inspectAccount(hand, "bob", null);
  expect(look.kind === "seen" && look.account.sshd?.get("authorizedkeysfile")).toBe("/etc/ssh/true/%u");
  expect(await inspectDaemon(hand)).toMatchObject({
    kind: "seen",
    daemon: { configs: ["/etc/ssh/sshd_config"] },
  });
});

/** A login as root to an sshd that alice has started, whose rules differ from those of root's own. */
const byTheirs = (...options: string[]) => [
  "unshare",
  "--pid",
  "--fork",
  "--kill-child",
  "--mount-proc",
  "sh",
  "-c",
  `exec 3>&1 >/dev/null 2>&1
  [ -f /root/let-in-key ] || ssh-keygen -q -t ed25519 -N '' -f /root/let-in-key
  chmod 700 /root; cp /root/let-in-key.pub /root/let-in; chmod 600 /root/let-in
  printf 'ListenAddress ${host.address}\nAuthorizedKeysFile /root/let-in\nPidFile none\n' > /etc/ssh/theirs.conf
  /usr/sbin/sshd -o ListenAddress=${host.address}:2299 -o PidFile=none </dev/null
  sh -c 'echo 1000 >/proc/self/loginuid; exec "$@"' sh setpriv --reuid alice --regid alice --init-groups \
    sudo /usr/sbin/sshd -f /etc/ssh/theirs.conf ${options.join(" ")} </dev/null
  until grep -qs 'theirs.conf.*[[]listener' /proc/[0-9]*/cmdline; do :; done
  exec ssh -i /root/let-in-key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -p 2297 root@${host.address} "$@" >&3`,
  "sh",
];

test.skipIf(!canStartHosts())(
  "root that came in by an sshd which a user started goes by it where a file of root's says all, and else by none",
  async () => {
    const library = `${await readRotationScript("facts.sh")}\n${await readRotationScript("host-key.sh")}`;
    const look = async (...options: string[]) => {
      await using hand = await openSessionIn(startShellIn(host, { wrap: byTheirs(...options) }), library);
      const seen = await inspectAccount(hand, "bob", null);
      const daemon = await inspectDaemon(hand);
      return {
        file: seen.kind === "seen" ? (seen.account.sshd?.get("authorizedkeysfile") ?? null) : seen,
        configs: daemon.kind === "seen" ? daemon.daemon.configs : daemon.kind,
      };
    };
    expect(await look("-p", "2297")).toEqual({ file: "/root/let-in", configs: ["/etc/ssh/theirs.conf"] });
    expect(await look("-p", "2297", "-o", "Banner=/root/secret.conf")).toEqual({
      file: null,
      configs: "unavailable",
    });
  },
);

test.skipIf(!canStartHosts()).each([
  ["root", undefined],
  ["an account", "bob"],
])("%s that scans reads no configuration of a user's process", async (_, user) => {
  const read = async (attack: string) => {
    const stream = await runCollector(host, { wrap: inTree(attack), ...(user ? { user } : {}) });
    const told = readCollection(stream, { nonce: null });
    expect(stream.toString("latin1")).not.toContain(
      Buffer.from("root-was-here").toString("base64").slice(2, 14),
    );
    expect(told?.incomplete).toBe(null);
    return {
      files: [...(told?.sshd.files.keys() ?? [])],
      others: told?.otherDaemons,
      unread: told?.unreadable,
    };
  };
  const known = { files: ["/etc/ssh/sshd_config"], others: [] };
  expect(await read(TITLES)).toMatchObject(known);
  const { unread, ...sudo } = await read(SUDO());
  expect(sudo).toMatchObject(user ? { files: known.files } : known);
  expect(unread).toContainEqual({
    kind: "sshd-config",
    path: "sshd",
    claimedOption: `-f${EVIL}`,
    why: `a process that calls itself sshd says that it was started with -f${EVIL}, which would override the file; whether it is sshd could not be verified`,
  });
});
