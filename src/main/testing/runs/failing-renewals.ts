/** Ways in which servers fail to serve a new certificate everywhere, as real as possible on a lab host. */
import type { HostedServer } from "#testing/lab/start-servers-host.ts";
import { TWO_ADDRESSES } from "./two-addresses.ts";

export type Failing = {
  server: HostedServer;
  how: "does not take the new files" | "keeps the old ones" | "serves one of two places from others";
  /** The cause. */
  by: string;
  /** Shell text: before the server starts, once it runs, and between plan and run. */
  prepare?: string;
  first?: string;
  meanwhile: string;
  /** Shell text: once everything is rolled back. */
  last?: string;
  keyKind?: "rsa-2048";
  /** A stand-in for systemctl manages it: it says that it has reloaded the server, and has not. */
  isStandIn?: true;
  /** What the run says. */
  says: RegExp;
};

/** A failure that a server cannot have. */
export type Impossible = Pick<Failing, "server" | "how" | "by"> & { why: string };

export const PID_OF = {
  nginx: "$(cat /run/nginx.pid)",
  apache: "$(cat /run/apache2.pid)",
  haproxy: "$(cat /run/haproxy.pid)",
  postfix: "$(tr -d ' ' </var/spool/postfix/pid/master.pid)",
  dovecot: "$(cat /run/dovecot/master.pid)",
  postgresql: "$(head -n 1 /var/lib/postgresql/17/lab/postmaster.pid)",
} as const;

/** What the unit of each server executes to reload it. */
export const RELOAD = {
  nginx: `kill -HUP ${PID_OF.nginx}`,
  apache: `kill -USR1 ${PID_OF.apache}`,
  haproxy: `kill -USR2 ${PID_OF.haproxy}`,
  postfix: "postfix reload",
  dovecot: "doveadm reload",
  postgresql: `kill -HUP ${PID_OF.postgresql}`,
} as const satisfies Record<keyof typeof PID_OF, string>;
export type WithUnit = keyof typeof PID_OF;

/** HAProxy without a master process, which is reloaded through its socket. */
export const BY_SOCKET = `
  sed -i 's,^ *maxconn 32,&\\n    stats socket unix@/run/haproxy.sock mode 600 level admin,' /etc/haproxy/haproxy.cfg
  kill "$(cat /run/haproxy.pid)"; while kill -0 "$(cat /run/haproxy.pid)" 2>/dev/null; do sleep 0.05; done
  haproxy -D -f /etc/haproxy/haproxy.cfg -p /run/haproxy.pid`;

export const SERVERS: readonly HostedServer[] = [
  "nginx",
  "apache",
  "haproxy",
  "postfix",
  "dovecot",
  "slapd",
  "postgresql",
  "mysql",
];

/** A process that starts from now on accepts no 2048-bit RSA key; nothing else has changed. */
const STRICTER = `printf '%s\\n' 'openssl_conf = one' '[one]' 'ssl_conf = two' '[two]' 'system_default = three' '[three]' \\
  'CipherString = DEFAULT@SECLEVEL=3' >/etc/ssl/openssl.cnf`;

const BROKEN = {
  nginx: "echo 'no_such_word;' >>/etc/nginx/nginx.conf",
  apache: "echo no_such_word >>/etc/apache2/apache2.conf",
  haproxy: "echo no_such_word >>/etc/haproxy/haproxy.cfg",
} as const;

const NOT_TAKEN: readonly Failing[] = [
  ...SERVERS.filter((server) => server !== "postfix").map(
    (server): Failing => ({
      server,
      how: "does not take the new files",
      by: "a policy of its host that takes no RSA 2048",
      keyKind: "rsa-2048",
      meanwhile: STRICTER,
      says: /does not take the new files: .*; nothing was changed/s,
    }),
  ),
  ...(["nginx", "apache", "haproxy"] as const).map(
    (server): Failing => ({
      server,
      how: "does not take the new files",
      by: "an error in its configuration, also without us",
      meanwhile: BROKEN[server],
      says: /fails its own test before anything is changed: .*no_?such_?word.*; nothing was ordered/is,
    }),
  ),
];

const untold = (
  server: HostedServer,
  by: string,
  more: Pick<Failing, "meanwhile" | "says"> & Partial<Failing>,
): Failing => ({ server, how: "keeps the old ones", by, ...more });

const stop = (server: WithUnit, says: RegExp): Failing =>
  untold(server, "a first process that hears nothing", {
    meanwhile: `kill -STOP ${PID_OF[server]}`,
    last: `kill -CONT ${PID_OF[server]}`,
    says,
  });

const apart = (server: HostedServer, by: string): Failing => ({
  server,
  how: "serves one of two places from others",
  by,
  meanwhile: TWO_ADDRESSES[server].fromCopies,
  says: /serves .*, which is the one before; it was rolled back/,
});

/**
 * The server is restarted under that policy, with long enough key exchange parameters; a process that starts later is
 * not under it.
 */
const BEGUN_STRICTER = {
  first: `cp /etc/ssl/openssl.cnf /etc/ssl/kept
    openssl genpkey -quiet -genparam -algorithm DH -pkeyopt group:ffdhe3072 -out /etc/ssl/dh.pem
    ${STRICTER}
    data=/var/lib/postgresql/17/lab
    echo "ssl_dh_params_file = '/etc/ssl/dh.pem'" >>/etc/postgresql/17/main/postgresql.conf
    kill -INT ${PID_OF.postgresql}; while [ -e $data/postmaster.pid ]; do sleep 0.05; done
    setpriv --reuid postgres --regid postgres --clear-groups setsid /usr/lib/postgresql/17/bin/postgres -D $data \\
      -c config_file=/etc/postgresql/17/main/postgresql.conf -c hba_file=$data/pg_hba.conf -c ident_file=$data/pg_ident.conf >$data/log 2>&1 &
    until grep 'ready to accept' $data/log; do sleep 0.05; done`,
  meanwhile: "cp /etc/ssl/kept /etc/ssl/openssl.cnf",
};

/** Its processes keep running, with the files that they have read, as long as they may. */
const LONG_LIVED = "postconf max_idle=1h; postfix reload";

const NOT_HEARD: readonly Failing[] = [
  stop("nginx", /it goes on with what it has read/),
  stop("apache", /it goes on with what it has read/),
  stop("haproxy", /it goes on with what it has read/),
  untold("haproxy", "a socket that may change nothing, though its configuration says so by now", {
    first: `${BY_SOCKET.replace("level admin", "level operator")}; sed -i 's/level operator/level admin/' /etc/haproxy/haproxy.cfg`,
    meanwhile: ":",
    says: /haproxy could not be reloaded: /,
  }),
  untold("dovecot", "a configuration that it cannot read any more", {
    meanwhile: "echo no_such_word = 1 >>/etc/dovecot/dovecot.conf",
    says: /dovecot could not be reloaded: .*no_such_word/,
  }),
  untold("slapd", "settings that root may but read by now", {
    meanwhile: `ldapmodify -Q -Y EXTERNAL -H ldapi:/// <<-END
dn: olcDatabase={0}config,cn=config
changetype: modify
replace: olcAccess
olcAccess: {0}to * by dn.exact=gidNumber=0+uidNumber=0,cn=peercred,cn=external,cn=auth read by * none
END`,
    says: /slapd could not be reloaded: .*nsufficient access/,
  }),
  untold("postgresql", "a stricter policy that it was begun under", {
    keyKind: "rsa-2048",
    ...BEGUN_STRICTER,
    says: /postgresql could not be reloaded: .*key too small/,
  }),
  untold("postgresql", "a configuration that it cannot read any more", {
    meanwhile: "echo 'no_such_word = 1' >>/etc/postgresql/17/main/postgresql.conf",
    // Then it is unknown whether this cluster reads the files; the other one is reloaded.
    says: /:5432 serves .*, which is the one before; it was rolled back/,
  }),
  untold("mysql", "a key that it may not read any more", {
    meanwhile: "chown root:root /etc/tls/mysql.key",
    says: /mariadb could not be reloaded: no mariadbd that may read the key in use runs on this host/,
  }),
  ...(Object.keys(PID_OF) as WithUnit[]).map((server) =>
    untold(server, "a service that says it has told it, and has not (a stand-in for systemctl)", {
      isStandIn: true,
      meanwhile: ":",
      // A server that starts other processes after a reload is recognized by those.
      says: /(goes on with what it has read|, which is the one before).*; it was rolled back/s,
      ...(server === "postfix" && { first: LONG_LIVED }),
    }),
  ),
];

const OTHERWISE: readonly Failing[] = [
  ...SERVERS.map((server) => apart(server, TWO_ADDRESSES[server].words)),
  {
    ...apart("haproxy", "two ports, told by its socket"),
    first: BY_SOCKET,
    meanwhile: `${TWO_ADDRESSES.haproxy.fromCopies}
      haproxy -D -f /etc/haproxy/haproxy.cfg -p /run/haproxy.pid -sf "$(cat /run/haproxy.pid)"`,
  },
];

export const FAILING: readonly Failing[] = [...NOT_TAKEN, ...NOT_HEARD, ...OTHERWISE];

export const IMPOSSIBLE: readonly Impossible[] = [
  ...(["postfix", "dovecot", "slapd", "mysql"] as const).map(
    (server): Impossible => ({
      server,
      how: "does not take the new files",
      by: "an error in its configuration, also without us",
      why: "what tries its files reads nothing but them: no error elsewhere is seen before it is told",
    }),
  ),
  {
    server: "postfix",
    how: "does not take the new files",
    by: "a policy of its host that takes no RSA 2048",
    why: "it sets such a policy aside: it takes whatever belongs together",
  },
  {
    server: "postfix",
    how: "keeps the old ones",
    by: "a first process that hears nothing",
    why: "whoever greets writes to its log through that process, so nobody is greeted: the files go back, and it needs attention",
  },
  {
    server: "postgresql",
    how: "does not take the new files",
    by: "an error in its configuration, also without us",
    why: "nobody can tell then which files it reads: it is untested, and cannot be told",
  },
  ...(["slapd", "mysql"] as const).map(
    (server): Impossible => ({
      server,
      how: "keeps the old ones",
      by: "a service that says it has told it, and has not",
      why: "no service has it read its files: it is asked itself, and says what it could not read",
    }),
  ),
];
