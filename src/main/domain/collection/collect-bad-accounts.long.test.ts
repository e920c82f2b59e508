import { expect, test } from "vitest";
import { evaluateWorkloads } from "#domain/accounts/workloads.ts";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import type { Collection } from "./collection.ts";
import { readCollection } from "./read-collection.ts";

const read = async (host: LabHost, user?: string): Promise<Collection> => {
  const collection = readCollection(await runCollector(host, user ? { user } : {}), { nonce: null });
  if (!collection) throw new Error("the collector wrote nothing");
  expect(collection.incomplete).toBe(null);
  return collection;
};

const limits = ({ unreadable }: Collection) => unreadable.filter(({ kind }) => kind === "limit");

const BARE = "rm -rf /etc/ssl/certs/* /etc/nginx /etc/apache2";

/** A hundred thousand accounts, two of each uid; lines of NIS; a name of odd bytes; and, last of all, people with keys. */
const MANY = `
${BARE}
useradd --create-home audit; useradd --create-home zoe; mkdir -m 700 /home/zoe/.ssh
printf '+::::::\\n+@admins::::::\\n-nobody2::::::\\no\\001d\\377d\\\\x:x:3000:100::/home/odd:/bin/bash\\n' > /etc/passwd.new
awk 'BEGIN { for (i = 0; i < 100000; i++) print "n" i ":x:" 200000 + int(i / 2) ":100::/nonexistent/" i % 50000 ":/usr/sbin/nologin" }' \
  >> /etc/passwd.new
cat /etc/passwd /etc/passwd.new > /etc/passwd.all; grep '^zoe:' /etc/passwd >> /etc/passwd.all
sed '0,/^zoe:/{/^zoe:/d}' /etc/passwd.all > /etc/passwd
echo 'ssh-ed25519 AAAA zoe' > /home/zoe/.ssh/authorized_keys; chown -R zoe: /home/zoe
echo 'AuthorizedKeysFile .ssh/authorized_keys /etc/ssh/keys/%u' > /etc/ssh/sshd_config.d/1.conf
mkdir /etc/ssh/keys; echo 'ssh-ed25519 AAAA zoe' > /etc/ssh/keys/n99998
`;

test("a hundred thousand accounts are listed, two of one uid both, without the lines of NIS, and people are read first", async () => {
  await using host = await startHost({ name: "many", prepare: MANY });
  for (const user of [undefined, "audit"]) {
    const collection = await read(host, user);
    const names = collection.accounts.map(({ name }) => name);
    expect(names.length).toBeGreaterThan(100_000);
    expect(names.at(-1)).toBe("zoe");
    expect(names.filter((name) => /^[+-]/.test(name))).toEqual([]);
    expect(collection.accounts.filter(({ uid }) => uid === 200_000).map(({ name }) => name)).toEqual([
      "n0",
      "n1",
    ]);
    expect(names.filter((name) => name.startsWith("o\u0001"))).toHaveLength(1);
    const files = collection.authorizedKeys.map(({ path }) => path);
    expect(files.includes("/home/zoe/.ssh/authorized_keys") || user !== undefined).toBe(true);
    // It is said where a busy machine had no time for all of them.
    expect(files.includes("/etc/ssh/keys/n99998") || limits(collection).length > 0).toBe(true);
  }
}, 300_000);

/** The time is over soon: each look at the clock finds a second gone. */
const HURRIED = `
${BARE}
awk 'BEGIN { for (i = 0; i < 1000; i++) print "n" i ":x:" 20000 + i ":100::/home/n" i ":/usr/sbin/nologin" }' >> /etc/passwd
useradd --create-home zoe
for n in $(seq 0 999); do echo /home/n$n/.ssh; done | xargs mkdir -p
mkdir -p /home/zoe/.ssh; for home in /home/n999 /home/zoe; do echo 'ssh-ed25519 AAAA' > $home/.ssh/authorized_keys; done
cp /usr/bin/date /usr/bin/real-date; echo 0 > /run/looks
printf '#!/bin/sh\\nn=$(($(cat /run/looks) + 1)); echo $n > /run/looks\\n[ "$1" != +%%s ] || exec echo $((1800000000 + n))\\nexec real-date "$@"\\n' \
  > /usr/sbin/date; chmod 755 /usr/sbin/date
`;

test("where there is no time for all accounts, it is said of how many, and who may log in is not among them", async () => {
  await using host = await startHost({ name: "hurried", prepare: HURRIED });
  const collection = await read(host);
  expect(collection.authorizedKeys.map(({ path }) => path)).toEqual(["/home/zoe/.ssh/authorized_keys"]);
  expect(limits(collection).map(({ why }) => why)).toContainEqual(
    expect.stringMatching(/keys of \d{3} accounts were not looked for/),
  );
});

/** No systemd, and crontabs of ten megabytes with NUL bytes between two jobs. */
const ODD = `
${BARE} /etc/systemd /usr/lib/systemd /usr/local/lib/systemd /run/systemd
rm -rf /etc/cron* /var/spool/cron/*
useradd --create-home ann; useradd --create-home bob; mkdir -p /var/spool/cron/crontabs /etc/cron.d
{ echo '@daily /usr/bin/one'; head -c 10000000 /dev/zero; echo; echo '@daily /usr/bin/two'; } > /var/spool/cron/crontabs/ann
{ echo '@daily ann /usr/bin/three'; yes '# a remark' | head -c 10000000; echo '@daily ann /usr/bin/four'; } > /etc/cron.d/large
printf '@daily /usr/bin/\\000a\\n@hourly /usr/bin/five\\n' > /var/spool/cron/crontabs/bob
chown ann: /var/spool/cron/crontabs/ann; chown bob: /var/spool/cron/crontabs/bob; chmod 600 /var/spool/cron/crontabs/*
`;

test("without systemd there are no units, and a crontab of ten megabytes with NUL bytes hides nothing of another's", async () => {
  await using host = await startHost({ name: "odd", prepare: ODD });
  const collection = await read(host);
  expect(collection.workloads?.unitFiles).toEqual([]);
  const jobs = (name: string) =>
    evaluateWorkloads(collection)
      ?.ofAccount.get(name)
      ?.workloads.flatMap((one) => (one.kind === "cron" ? [one.program] : []));
  expect(jobs("ann")).toEqual(["/usr/bin/three", "/usr/bin/one"]);
  expect(jobs("bob")).toContain("/usr/bin/five");
  const cut = collection.unreadable.filter(({ kind }) => kind === "workload").map(({ path }) => path);
  expect(cut).toEqual(["/etc/cron.d/large", "/var/spool/cron/crontabs/ann"]);
}, 120_000);

/** Fifty thousand timers, in a folder behind that of somebody's service. */
const TIMERS = `
${BARE} /etc/systemd /usr/lib/systemd; mkdir -p /run/systemd/transient /etc/systemd/system; useradd app
printf '[Service]\\nUser=app\\nExecStart=/bin/x\\n' > /run/systemd/transient/first.service
cd /etc/systemd/system; printf '[Timer]\\nOnCalendar=daily\\n' > t.timer
seq 50000 | awk '{ print "t" $1 ".timer" }' | xargs -n 5000 sh -c 'cat t.timer | tee "$@" >/dev/null' sh
`;

test("of fifty thousand timers as many are read as there is room for, and the rest is named", async () => {
  await using host = await startHost({ name: "timers", prepare: TIMERS });
  const collection = await read(host);
  const found = evaluateWorkloads(collection)?.ofAccount.get("app")?.workloads;
  expect(found?.map((one) => one.kind === "unit" && one.name)).toEqual(["first.service"]);
  expect(collection.workloads?.unitFiles.length).toBeGreaterThan(4_000);
  expect(collection.unreadable).toContainEqual({
    kind: "workload",
    path: "/etc/systemd/system",
    why: "there are more of them than are listed: the rest was left out",
  });
  expect(collection.workloads?.processes.length).toBeGreaterThan(0);
}, 120_000);

/** A directory behind the files (Hesiod) whose server takes questions and answers none, as LDAP may. */
const DIRECTORY = `
${BARE}
for name in alice bob; do
  useradd --create-home $name; mkdir -m 700 /home/$name/.ssh; echo 'ssh-ed25519 AAAA' > /home/$name/.ssh/authorized_keys
  chown -R $name: /home/$name
done
python3 -c '
import os, socket, time
taking = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try: taking.bind(("127.0.28.53", 53))
except OSError: pass
if not os.fork(): [os.close(n) for n in (0, 1, 2)]; time.sleep(600)
'
printf 'nameserver 127.0.28.53\\noptions timeout:4 attempts:2\\n' > /etc/resolv.conf
printf 'lhs=.ns\\nrhs=.example\\n' > /etc/hesiod.conf
sed -i 's/^\\(passwd\\|group\\):.*/\\1: files hesiod/' /etc/nsswitch.conf
`;

test("a directory that hangs holds nobody's scan: accounts are listed, and it is said whose files could not be opened", async () => {
  await using host = await startHost({ name: "directory", prepare: DIRECTORY });
  for (const user of [undefined, "alice"]) {
    const collection = await read(host, user);
    expect(collection.accounts.map(({ name }) => name)).toEqual(expect.arrayContaining(["alice", "bob"]));
    expect(collection.unreadable).toContainEqual(
      expect.objectContaining({ kind: "accounts", path: "hesiod" }),
    );
    const files = collection.authorizedKeys.filter(({ whyUnreadable }) => whyUnreadable === null);
    const said = collection.unreadable.map(({ path }) => path);
    for (const name of user ? ["alice"] : ["alice", "bob"]) {
      const path = `/home/${name}/.ssh/authorized_keys`;
      expect(files.some((file) => file.path === path) || said.includes(path)).toBe(true);
    }
  }
}, 300_000);

/** Whoever signs with a key does it in a process of the key's owner, who may stop it. */
const STOPPED = `
${BARE}
useradd --create-home alice; install -d -m 700 -o alice /home/alice/.ssh
ssh-keygen -q -t ed25519 -N '' -f /home/alice/.ssh/id_ed25519; chown alice: /home/alice/.ssh/*
mv /usr/bin/ssh-keygen /usr/bin/real-keygen
printf '#!/bin/sh\\n[ "$(id -u)" = 0 ] || kill -STOP $$\\nexec real-keygen "$@"\\n' > /usr/bin/ssh-keygen; chmod 755 /usr/bin/ssh-keygen
`;

test("an owner who stops what signs with their key holds nobody's scan", async () => {
  await using host = await startHost({ name: "stopped", prepare: STOPPED });
  const collection = await read(host);
  expect(collection.keyFiles.map(({ path }) => path)).toContain("/home/alice/.ssh/id_ed25519");
  expect(collection.workloads?.processes.length).toBeGreaterThan(0);
}, 120_000);
