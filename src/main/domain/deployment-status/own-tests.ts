import type { ServerKind } from "#domain/server-configs/configuration.ts";

/**
 * How servers test their own configuration, and how they reload. Each command was tried with the real server
 * (own-tests.lab.test.ts).
 */

/**
 * `command`: with the parts to fill in in capitals. `reads`: `deployments` if the test loads certificates and keys as
 * the server does, `paths` if it only checks that their files exist, `nothing` if it skips them. `takeUp`: what to do
 * afterwards; `takeUpCommand`: the command for that. Both commands are for the usual instance of that server.
 */
type OwnTest = {
  command: string;
  reads: "deployments" | "paths" | "nothing";
  takeUp: string;
  takeUpCommand: string | null;
};

export const OWN_TESTS: { readonly [Kind in Exclude<ServerKind, "sshd">]: OwnTest } = {
  nginx: {
    command: "nginx -t",
    reads: "deployments",
    takeUp: "have it reload",
    takeUpCommand: "nginx -s reload",
  },
  apache: {
    command: "apachectl configtest",
    reads: "paths",
    takeUp: "have it reload",
    takeUpCommand: "apachectl graceful",
  },
  haproxy: {
    command: "haproxy -c -f FILE",
    reads: "deployments",
    takeUp: "have it reload",
    takeUpCommand: "systemctl reload haproxy",
  },
  postfix: {
    command: "postfix check",
    reads: "nothing",
    takeUp: "have it reload",
    takeUpCommand: "postfix reload",
  },
  dovecot: {
    command: "doveconf -n",
    reads: "nothing",
    takeUp: "have it reload",
    takeUpCommand: "doveadm reload",
  },
  slapd: {
    command: "slaptest -u",
    reads: "nothing",
    takeUp: "restart it, for slapd does not reload",
    takeUpCommand: null,
  },
  postgresql: {
    command: "postgres -D FOLDER -C ssl_cert_file",
    reads: "nothing",
    takeUp: "have it reload",
    takeUpCommand: "SELECT pg_reload_conf()",
  },
  mysql: {
    command: "mariadbd --help --verbose, or mysqld --validate-config",
    reads: "nothing",
    takeUp: "have it reload",
    takeUpCommand: "FLUSH SSL, or ALTER INSTANCE RELOAD TLS",
  },
};

const READS = {
  deployments: "which loads its certificates and keys as well",
  paths: "which sees that the files are there, and reads none of them",
  nothing: "which reads no certificate and no key",
};

/** For servers whose own test does not check certificates. */
const BY_OPENSSL =
  "that certificate and key belong together is shown by openssl x509 -noout -pubkey -in CERTIFICATE and openssl pkey -pubout -in KEY, which print the same";

/** One of several instances of a server that may run on a host. `root`, `isStarted`: as of its configuration. */
type ServerInstance = { server: ServerKind; root: string; isStarted?: boolean };

/** What to do before a server is reloaded: a clause without a full stop. Whoever says so has not tried it. */
export function formatOwnTest(instance: ServerInstance): string {
  const { server, root } = instance;
  if (server === "sshd") return "let sshd test its configuration first (sshd -t)";
  const { reads } = OWN_TESTS[server];
  const { test } = commandsOf(server, instance);
  const name = server === "mysql" ? "the server" : server;
  const which = isOther(instance) ? `${server === "mysql" ? "" : "the "}${name} of ${root}` : name;
  const first = `let ${which} test its configuration first${inBrackets(test)}, ${READS[reads]}`;
  return reads === "deployments" ? first : `${first}: ${BY_OPENSSL}`;
}

/** The same, and then what makes it reload: only for a server that has no known problem. */
export function formatTakeUp(instance: ServerInstance): string {
  const { server } = instance;
  const how =
    server === "sshd"
      ? "have it reload"
      : `${OWN_TESTS[server].takeUp}${inBrackets(commandsOf(server, instance).takeUp)}`;
  return `${formatOwnTest(instance)}; where that passes, ${how}`;
}

const inBrackets = (command: string | null): string => (command === null ? "" : ` (${command})`);

/** HAProxy may run with other files of its usual folder, depending on what starts it. */
const isOther = ({ server, root, isStarted }: ServerInstance): boolean =>
  isStarted === true || (server === "haproxy" && root !== "/etc/haproxy/haproxy.cfg");

/** Null: the only known command is for the usual instance. */
function commandsOf(
  server: keyof typeof OWN_TESTS,
  instance: ServerInstance,
): { test: string | null; takeUp: string | null } {
  const { command, takeUpCommand } = OWN_TESTS[server];
  if (!isOther(instance)) return { test: command, takeUp: takeUpCommand };
  const { root } = instance;
  // A shell would split or interpret any other character.
  if (server !== "nginx" || !/^\/[\w./@+-]+$/.test(root)) return { test: null, takeUp: null };
  const own = (words: string) => `${words} -c ${root}, with -p and -g as it was started`;
  return { test: own("nginx -t"), takeUp: own("nginx -s reload") };
}
