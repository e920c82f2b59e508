import { afterAll, beforeAll, expect, test } from "vitest";
import {
  inspectDeploymentFile,
  type LiveFile,
  testConfiguration,
} from "#net/ssh/session/inspect-deployment.ts";
import { startShellIn } from "#testing/lab/run-in-host.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { type ServersHost, startWithLdapi } from "#testing/lab/start-servers-host.ts";
import { openDeploymentSession, serviceOf } from "./testing/deployment-session.ts";

const lab = test.skipIf(!canStartHosts());

const SERVER = {
  postfix: "postfix",
  dovecot: "dovecot",
  slapd: "slapd",
  postgresql: "postgresql",
  mysql: "mariadb",
} as const;
type Name = keyof typeof SERVER;

let host: ServersHost;
beforeAll(async () => {
  if (canStartHosts()) host = await startWithLdapi(Object.keys(SERVER) as Name[]);
}, 120_000);
afterAll(() => host?.[Symbol.asyncDispose]());

async function readFiles(hand: Awaited<ReturnType<typeof openDeploymentSession>>, name: Name) {
  const files: LiveFile[] = [];
  for (const path of [`/etc/tls/${name}.pem`, `/etc/tls/${name}.key`]) {
    const { file } = (await inspectDeploymentFile(hand, path)) as { file: LiveFile };
    files.push({ path, real: file.real, hash: file.hash });
  }
  return files;
}

const POSTGRESQL = "/etc/postgresql/17/main/postgresql.conf";
const DOVECOT = "/etc/dovecot/conf.d/10-ssl.conf";
const SLAPD = "/etc/ldap/slapd.d/cn=config.ldif";
const MARIADB = "/etc/mysql/conf.d/50-server.cnf";

/** What breaks each configuration, where, and what is told of it: never what stands there, which may be a password. */
const BROKEN: { readonly [name in Name]: { file: string; line: string; told: string }[] } = {
  postfix: [
    { file: "/etc/postfix/main.cf", line: "soft_bounce = s3cret", told: "soft_bounce: " },
    {
      file: "/etc/postfix/master.cf",
      line: "smtps inet s3cret - n - - smtpd -o x_password=s3cret",
      told: "master.cf: private field: ",
    },
    { file: "/etc/postfix/main.cf", line: "inet_interfaces = s3cret", told: "" },
  ],
  dovecot: [
    { file: DOVECOT, line: "no_such = s3cret", told: `${DOVECOT} line 5: no_such: ` },
    { file: DOVECOT, line: "auth_verbose = s3cret", told: `${DOVECOT} line 5: auth_verbose: ` },
    {
      file: DOVECOT,
      line: "mail_max_userip_connections = s3cret",
      told: `${DOVECOT} line 5: mail_max_userip_connections: `,
    },
  ],
  slapd: [
    { file: SLAPD, line: "olcThreads: s3cret", told: "olcThreads: " },
    { file: SLAPD, line: "olcPasswordHash: {s3cret}", told: "olcPasswordHash: " },
    { file: SLAPD, line: "olcAllows: s3cret", told: "" },
  ],
  postgresql: [
    { file: POSTGRESQL, line: "max_connections = s3cret", told: "max_connections: " },
    {
      file: POSTGRESQL,
      line: "primary_conninfo = s3cret password 's3cret'",
      told: `${POSTGRESQL} line 10: `,
    },
    { file: POSTGRESQL, line: "archive_mode = 'a\\\\ns3cret'", told: "archive_mode: " },
  ],
  mysql: [
    { file: MARIADB, line: "no_such = s3cret", told: "no_such: " },
    { file: MARIADB, line: "max_connections = s3cret", told: "max_connections: " },
    { file: MARIADB, line: "s3cret", told: "" },
  ],
};
const NOT_SHOWN = "what it says may have a secret in it, and is not shown";

/** What the tests of Postfix, slapd and MariaDB would make or remove, were they run as they are. */
const TRACES = `ls -i /run/slapd/slapd.pid /run/slapd/slapd.args; ls /run /var/spool/postfix
  stat -c '%n %z' /var/lib/mysql-lab /etc/ldap/slapd.d /etc/postfix /etc/dovecot`;

lab.each(Object.keys(SERVER) as Name[])(
  "%s: its configuration is tested as it is on the disk: a sound one passes, of a broken one it is shown where, and nothing is written",
  async (name) => {
    const server = SERVER[name];
    await host.run("rmdir /var/spool/postfix/hold 2>/dev/null || :");
    await using hand = await openDeploymentSession(startShellIn(host));
    const files = await readFiles(hand, name);
    const ask = () => testConfiguration(hand, serviceOf(server), files);
    const before = await host.run(TRACES);
    expect(await ask()).toMatchObject({ kind: "passed" });
    for (const { file, line, told } of BROKEN[name]) {
      await host.run(`cp -p '${file}' /root/sound; cat >>'${file}' <<'END'\n${line}\nEND`);
      const broken = await host.run(TRACES);
      expect(await ask()).toEqual({ kind: "failed", said: expect.stringMatching(`${told}${NOT_SHOWN}$`) });
      expect(await host.run(TRACES)).toBe(broken);
      await host.run(`cat /root/sound >'${file}'`);
    }
    expect(await ask()).toMatchObject({ kind: "passed" });
    expect(await host.run(TRACES)).toBe(before);
  },
);

lab("a server that a user has started under the name of the host's own has no say in its test", async () => {
  await host.run(`mkdir -p /srv/evil/settings; : >/srv/evil/slapd.conf
    slaptest -Q -f /srv/evil/slapd.conf -F /srv/evil/settings; chown -R nobody /srv/evil
    setpriv --reuid nobody --regid nogroup --clear-groups slapd -h ldapi://%2Fsrv%2Fevil%2Fsocket -F /srv/evil/settings
    echo 'olcThreads: maybe' >>'/srv/evil/settings/cn=config.ldif'; chmod 777 /etc/dovecot`);
  await using hand = await openDeploymentSession(startShellIn(host));
  const files = await readFiles(hand, "slapd");
  expect(await testConfiguration(hand, serviceOf("slapd"), files)).toMatchObject({ kind: "passed" });
  expect(await testConfiguration(hand, serviceOf("slapd"), [])).toMatchObject({ kind: "untested" });
  // Nor has what others may write.
  expect(await testConfiguration(hand, serviceOf("dovecot"), [])).toEqual({
    kind: "untested",
    said: expect.stringContaining("can be changed by others"),
  });
  await host.run("chmod 755 /etc/dovecot; pkill -u nobody slapd");
});

lab("a test that the server's account keeps from ending is ended by root, and leaves nothing", async () => {
  const file = "/etc/postgresql/17/main/postgresql.conf";
  await host.run(`mkfifo /tmp/never; chmod 644 /tmp/never; cp -p ${file} /root/sound; ls /run >/root/before
    echo "include = '/tmp/never'" >>${file}`);
  await using hand = await openDeploymentSession(startShellIn(host));
  const files = await readFiles(hand, "postgresql");
  expect(await testConfiguration(hand, serviceOf("postgresql"), files)).toEqual({
    kind: "untested",
    said: expect.stringContaining("did not end"),
  });
  await host.run(`cat /root/sound >${file}; ls /run | diff /root/before -`);
});
