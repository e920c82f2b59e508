import { join } from "node:path";
import Sqlite from "better-sqlite3";
import { expect, test } from "vitest";
import { createApp } from "#app";
import { type Desk, letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";

/** A host with an example of everything that a collector reads. */
const furnish = (publicKey: string): string => `
  ${letIn(publicKey)} ${letIn(publicKey, "deploy", "/bin/bash")} ${letIn(publicKey, "shut", "/usr/sbin/nologin")}
  usermod --lock shut
  usermod --password x root; usermod --password x deploy
  ssh-keygen -q -t ed25519 -N '' -C robot -f /home/deploy/.ssh/id_ed25519
  { echo "from=\\"10.0.0.0/8\\",restrict $(cat /home/deploy/.ssh/id_ed25519.pub)"; echo 'ssh-rsa broken'; } \\
    >> /home/deploy/.ssh/authorized_keys
  chown -R deploy /home/deploy/.ssh
  cp /bin/true /opt/helper; chown deploy: /opt/helper; chmod 4755 /opt/helper; chage -d 2026-01-01 -M 9000 deploy
  printf '#!/bin/sh\\necho "   2 host/web1@EXAMPLE"\\n' > /usr/bin/klist; chmod 755 /usr/bin/klist
  echo x > /etc/krb5.keytab; chmod 600 /etc/krb5.keytab
  echo 'deploy ALL=(ALL) NOPASSWD: /bin/systemctl' > /etc/sudoers.d/deploy
  echo 'Match User deploy
    AllowTcpForwarding no' >> /etc/ssh/sshd_config
  # Older than the log: a log tells of logins for certain since the settings were last changed, to the second.
  touch -d '200 days ago' /etc/ssh/sshd_config
  mkdir -p /etc/pki
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=web1 \\
    -keyout /etc/pki/web1.key -out /etc/pki/web1.pem 2>/dev/null
  for day in $(seq 100 -1 0); do
    echo "$(date -u -d "-$day days" +%Y-%m-%d)T00:00:01+00:00 web1 CRON[9]: pam_unix(cron:session): session opened"
  done >> /var/log/auth.log
`;

test.each([
  ["root", undefined],
  ["an ordinary user", "deploy"],
])(
  "a host that is read as %s gives the same rows live and by bundle, but for the way they came, and for proofs where nobody signed",
  async (_, user) => {
    await using live = await makeDesk();
    const carried = { ...live, databasePath: join(live.home, "carried.db") };
    await using host = await startHost({ name: "web1", prepare: furnish(live.publicKey) });
    await scan(live, host, user ?? "root");
    const stream = await runCollector(host, user === undefined ? {} : { user });
    await using app = createApp({
      ...carried,
      workstation: { user: "root", home: live.home, agentSocket: null },
    });
    // A live scan reads the private keys of this computer, too.
    await app.client.people.markInventory({ isWhole: false });
    const base64 = stream.toString("base64");
    const as = { host: host.address, port: 22 };
    expect(await app.client.bundles.import({ base64, as })).toMatchObject({ state: "ok", isNewHost: true });

    const isSigned = user === undefined;
    expect(readTables(carried, isSigned)).toEqual(readTables(live, isSigned));
    expect(readTables(carried, isSigned).host_programs).toHaveLength(1);
    expect(readTables(carried, isSigned).grant_line?.length).toBeGreaterThanOrEqual(3);
    expect(readTables(carried, true).key_file).toContainEqual(
      expect.objectContaining({ possession: isSigned ? "verified" : "claimed" }),
    );
  },
);

async function scan(desk: Desk, { address }: LabHost, user: string): Promise<void> {
  await using app = desk.open();
  const visits = await scanAll(app, { text: `${user}@${address}`, only: "ssh", acceptNew: true });
  expect(visits).toMatchObject([{ state: "ok" }]);
}

/**
 * Tables that differ by how the host was read: scans, their targets, the host key that was presented, the seals of
 * pins, and what a plan reads where the host itself cannot be queried.
 */
const OF_THE_WAY = new Set([
  "scan",
  "probe",
  "target",
  "unprobed",
  "pin",
  "inventory",
  "event",
  "event_host",
  "bundle",
  "offline_reading",
  "row_seal",
  "seal_state",
]);
const OF_A_PROBE = new Set([
  "user",
  "reading",
  "key_type",
  "key_fingerprint",
  "key_blob",
  "key_seen",
  "clock_ahead_seconds",
]);

/**
 * Columns that depend on the signatures of key files. These count in a bundle that its host has signed, which only root
 * can make it do.
 */
const OF_VERIFICATIONS = new Set([
  "possession",
  "claim",
  "is_matched",
  "orphan",
  "orphan_since",
  "owner",
  "counted_as",
  // Of an account's risk: how many keys are certain to be held there.
  "opens",
]);

/** A login of the scan itself weighs nothing where it stands out, and which one that was only a live scan knows. */
const OF_OWN_LOGIN = new Set(["severity", "weight"]);

const INSTANT = /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ/g;

/** The grant that let the scan in is known by its login; from a bundle, by what was read. */
const BY_LOGIN = "this scan logged in with it";
const BY_READING = "nothing that sshd consults refuses it";

/**
 * Every row of every table, without what differs by how the host was read, and without the instants of the two
 * readings.
 */
function readTables(
  { databasePath }: Pick<Desk, "databasePath">,
  withVerifications: boolean,
): Record<string, unknown[]> {
  const db = new Sqlite(databasePath, { readonly: true });
  using _closing = { [Symbol.dispose]: () => void db.close() };
  const names = db
    .prepare<[], string>(
      "SELECT name FROM pragma_table_list WHERE type = 'table' AND schema = 'main' AND name NOT LIKE 'sqlite%'",
    )
    .pluck()
    .all();
  const read = (name: string) =>
    db
      .prepare<[], object>(`SELECT * FROM "${name}"`)
      .all()
      .map((row) =>
        withoutWay(row, (column) =>
          name === "login_observation" && OF_OWN_LOGIN.has(column)
            ? false
            : !OF_A_PROBE.has(column) && (withVerifications || !OF_VERIFICATIONS.has(column)),
        ),
      );
  const isCompared = (name: string) =>
    !OF_THE_WAY.has(name) && (withVerifications || name !== "cached_count");
  return Object.fromEntries(names.filter(isCompared).map((name) => [name, read(name)]));
}

const withoutWay = (row: object, isCompared: (column: string) => boolean): object =>
  Object.fromEntries(
    Object.entries(row)
      .filter(([column]) => isCompared(column))
      .map(([column, value]) => [
        column,
        typeof value === "string"
          ? withoutStrangers(value).replace(INSTANT, "(an instant)").replace(BY_LOGIN, BY_READING)
          : value,
      ]),
  );

/** The host shares this machine's network: listeners that are no process of the host come and go. */
const withoutStrangers = (value: string): string =>
  value.replace(/\{"address":"[^"]*","port":\d+,"processes":\[\]\},?/g, "").replaceAll(",]", "]");
