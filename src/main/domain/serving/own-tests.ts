/** How servers test their own configuration, and how they take up new files. Each was tried with the real server (own-tests.lab.test.ts). */
import type { ServerKind } from "#domain/server-configs/configuration.ts";

/**
 * `command`: in capitals what is to be put in. `reads`: `pairs` where it loads certificates and keys as the server does, `paths` where it sees
 * only whether their files are there, `nothing` where it passes them over. `takeUp`: what comes after.
 */
export type OwnTest = { command: string; reads: "pairs" | "paths" | "nothing"; takeUp: string };

export const OWN_TESTS: { readonly [Kind in Exclude<ServerKind, "sshd">]: OwnTest } = {
  nginx: { command: "nginx -t", reads: "pairs", takeUp: "have it reload (nginx -s reload)" },
  apache: { command: "apachectl configtest", reads: "paths", takeUp: "have it reload (apachectl graceful)" },
  haproxy: {
    command: "haproxy -c -f FILE",
    reads: "pairs",
    takeUp: "have it reload (systemctl reload haproxy)",
  },
  postfix: { command: "postfix check", reads: "nothing", takeUp: "have it reload (postfix reload)" },
  dovecot: { command: "doveconf -n", reads: "nothing", takeUp: "have it reload (doveadm reload)" },
  slapd: { command: "slaptest -u", reads: "nothing", takeUp: "restart it, for slapd does not reload" },
  postgresql: {
    command: "postgres -D FOLDER -C ssl_cert_file",
    reads: "nothing",
    takeUp: "have it reload (SELECT pg_reload_conf())",
  },
  mysql: {
    command: "mariadbd --help --verbose, or mysqld --validate-config",
    reads: "nothing",
    takeUp: "have it reload (FLUSH SSL, or ALTER INSTANCE RELOAD TLS)",
  },
};

const READS = {
  pairs: "which loads its certificates and keys as well",
  paths: "which sees that the files are there, and reads none of them",
  nothing: "which reads no certificate and no key",
};

/** Of those whose own test says nothing of it. */
const BY_OPENSSL =
  "that certificate and key belong together is told by openssl x509 -noout -pubkey -in CERTIFICATE and openssl pkey -pubout -in KEY, which print the same";

/** What comes before a server is told to take up anything: a clause without a full stop. Nothing of it was tried by whoever says so. */
export function sayOwnTest(server: ServerKind): string {
  if (server === "sshd") return "let sshd test its configuration first (sshd -t)";
  const { command, reads } = OWN_TESTS[server];
  const first = `let ${server === "mysql" ? "the server" : server} test its configuration first (${command}), ${READS[reads]}`;
  return reads === "pairs" ? first : `${first}: ${BY_OPENSSL}`;
}

/** The same, and then what has it take up its files: only where nothing is known that it would fail on. */
export const sayTakeUp = (server: ServerKind): string =>
  `${sayOwnTest(server)}; where that passes, ${server === "sshd" ? "have it reload" : OWN_TESTS[server].takeUp}`;
