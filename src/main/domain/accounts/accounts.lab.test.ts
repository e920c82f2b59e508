import { expect, test } from "vitest";
import { readCollection } from "#domain/collection/read-collection.ts";
import { evaluateReach } from "#domain/escalation/reach.ts";
import { evaluateGrants } from "#domain/ssh/effective.ts";
import { findLogins } from "#domain/use/find-logins.ts";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { startHost } from "#testing/lab/start-host.ts";
import { evaluateAccounts } from "./evaluate-accounts.ts";
import { evaluateWorkloads } from "./workloads.ts";

const KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN1YdxBpNlzxDqfJyw/QKow1F+wvG9hXGoqiysfJOn5Y";

const PREPARE = `
key() { mkdir -p -m 700 /home/$1/.ssh; echo "\${2-}${KEY}" > /home/$1/.ssh/authorized_keys; chown -R $1: /home/$1/.ssh; }
for name in ann ubuntu deploy mirror app ops; do useradd --create-home --shell /bin/bash $name; done
useradd --create-home --shell /usr/sbin/nologin shop; useradd --system --shell /usr/sbin/nologin cache
useradd --create-home --shell /bin/bash gone; usermod --shell /usr/sbin/nologin --lock gone
for name in ann ops; do echo "$name:secret words" | chpasswd; done
key ann; key ubuntu; key deploy; key mirror 'restrict,command="/usr/bin/rsync" '
mkdir -p /etc/systemd/system/multi-user.target.wants
for name in shop app ops; do
  printf '[Service]\\nUser=%s\\nExecStart=/srv/%s --token=CANARYTOKEN\\nEnvironment=KEY=CANARYVALUE\\n[Install]\\nWantedBy=multi-user.target\\n' $name $name > /etc/systemd/system/$name.service
done
for name in shop ops; do ln -s ../$name.service /etc/systemd/system/multi-user.target.wants/; done
echo 'ann ALL=(ALL) NOPASSWD: ALL' > /etc/sudoers.d/ann
date=$(date -u -d -1hour +%Y-%m-%dT%H:%M:%SZ)
echo "$date $(uname -n) sshd-session[9]: Accepted password for ann from 10.1.2.9 port 3 ssh2" > /var/log/auth.log
echo "$date $(uname -n) su[4]: (to ops) ann on pts/0" >> /var/log/auth.log`;

/** Name, kind, what decided, whether it is as good as root. */
const PLANTED = [
  ["root", "system", "root", "is-root"],
  ["nobody", "system", "nobody", "no"],
  ["daemon", "system", "number", "no"],
  ["cache", "system", "number", "no"],
  ["ann", "person", "number", "becomes-root"],
  ["ubuntu", "unknown", "password", "no"],
  ["deploy", "bot", "keys", "no"],
  ["mirror", "bot", "keys", "no"],
  ["shop", "service", "runs", "no"],
  ["app", "unknown", "password", "no"],
  ["ops", "unknown", "runs", "no"],
  ["gone", "unknown", "password", "no"],
];

test("accounts of a real host are of the kinds that they were made as, and what shows none is unknown", async () => {
  await using host = await startHost({ name: "planted", prepare: PREPARE });
  const evaluate = async (user?: string) => {
    const stream = await runCollector(host, user ? { user } : {});
    for (const secret of ["CANARYTOKEN", "CANARYVALUE"]) {
      expect(stream.includes(secret)).toBe(false);
      for (const shift of ["", "x", "xx"])
        expect(
          stream.includes(
            Buffer.from(shift + secret)
              .toString("base64")
              .slice(4, 14),
          ),
        ).toBe(false);
    }
    const collection = readCollection(stream, { nonce: null });
    if (!collection) throw new Error("the collector wrote nothing");
    const at = new Date();
    return evaluateAccounts(collection, {
      grants: evaluateGrants(collection),
      reach: evaluateReach(collection).reach,
      use: findLogins(collection, at),
      known: findLogins(collection, at),
      peopleOf: () => [],
      workloads: evaluateWorkloads(collection),
      byCertificate: new Set(),
      knownAccounts: new Map(),
      now: at.toISOString(),
    });
  };
  const accounts = await evaluate();
  const told = new Map(accounts.map((account) => [account.name, account]));
  expect(
    PLANTED.map(([name = ""]) => {
      const account = told.get(name);
      return [name, account?.kind, account?.reasons[0]?.what, account?.root];
    }),
  ).toEqual(PLANTED);
  expect(told.get("shop")?.workloads).toMatchObject([
    { kind: "unit", name: "shop.service", program: "/srv/shop", isEnabled: true },
  ]);
  expect(told.get("app")?.workloads).toMatchObject([{ kind: "unit", isEnabled: false }]);
  expect(told.get("ann")?.lastLoginAt).not.toBe(null);
  expect(told.get("ops")?.lastLoginAt).not.toBe(null);
  expect(told.get("mirror")?.lastLoginAt).toBe(null);

  // Of what an ordinary account cannot read nothing is claimed: passwords, the keys of others, sudo's rules.
  const seen = await evaluate("ubuntu");
  const planted = new Map(PLANTED.map(([name, kind]) => [name, kind]));
  const wrong = seen.filter(({ name, kind }) => {
    const truth = planted.get(name);
    return truth !== undefined && kind !== "unknown" && kind !== truth;
  });
  expect(wrong).toEqual([]);
  expect(seen.filter(({ name, root }) => name === "ann" && root === "no")).toEqual([]);
});
