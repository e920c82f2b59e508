import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { makeCertificate } from "#testing/make-certificate.ts";
import { isListening } from "#testing/servers/server.ts";
import { type LabHost, startHost } from "./start-host.ts";

const SCRIPT = join(import.meta.dirname, "servers.sh");

/** Long enough for a server that ends as it starts, on a machine however slow. */
const PATIENCE_MS = 120_000;

/** The endpoint of each server of the host, by the protocol before TLS. */
export const SERVED = {
  nginx: { protocol: "tls", port: 443 },
  apache: { protocol: "tls", port: 8443 },
  haproxy: { protocol: "tls", port: 9443 },
  postfix: { protocol: "smtp", port: 25 },
  dovecot: { protocol: "imap", port: 143 },
  slapd: { protocol: "ldap", port: 389 },
  postgresql: { protocol: "postgres", port: 5432 },
  mysql: { protocol: "mysql", port: 3306 },
} as const;
export type HostedServer = keyof typeof SERVED;

export type ServersHost = LabHost & {
  /** Replaces the server's certificate and key, as a renewal does, and does not touch the server. */
  renew(server: HostedServer): Promise<{ pem: string; der: Uint8Array }>;
  /** Makes the server reload its files; waits until it accepts connections. */
  reload(server: HostedServer): Promise<void>;
};

/**
 * A host on which these servers run with their configuration at its usual path, each with a certificate of its own.
 * `prepare` is shell text that runs before any of them.
 */
export async function startServersHost(
  servers: readonly HostedServer[],
  prepare?: string,
): Promise<ServersHost> {
  const host = await startHost({ name: "eight", ...(prepare !== undefined && { prepare }) });
  const script = await readFile(SCRIPT, "utf8");
  // A background process would keep our pipe open.
  const run = (command: string) =>
    host.run(
      `export ADDRESS=${host.address}; . /run/servers.sh; { ${command}; } </dev/null >/run/said.$$ 2>&1 || { cat /run/said.$$ >&2; exit 1; }`,
    );
  const untilListening = async (server: HostedServer) => {
    const { port } = SERVED[server];
    const patience = AbortSignal.timeout(PATIENCE_MS);
    while (!isListening(host.address, [port])) {
      if (patience.aborted) throw new Error(`${server} does not listen on ${host.address}:${port}`);
      await pause(20);
    }
  };
  const days = new Map<HostedServer, number>();
  // Each is dated a day after the one before it.
  const renew = async (server: HostedServer) => {
    const day = (days.get(server) ?? 0) + 1;
    days.set(server, day);
    const made = await makeCertificate({
      names: [`${server}.lab`],
      notBefore: new Date(Date.UTC(2026, 0, day)),
    });
    const write = (kind: string, text: string) => `cat >/etc/tls/${server}.${kind} <<'END'\n${text}END\n`;
    await host.run(`umask 077\n${write("key", made.keyPem)}umask 022\n${write("pem", made.pem)}`);
    await run(`join_files ${server}`);
    return made;
  };
  try {
    await host.run(`mkdir /etc/tls; cat >/run/servers.sh <<'END OF SCRIPT'\n${script}END OF SCRIPT\n`);
    await Promise.all(servers.map(renew));
    await Promise.all(servers.map((server) => run(`configure_${server}`)));
    await Promise.all(servers.map(untilListening));
  } catch (error) {
    await host[Symbol.asyncDispose]();
    throw error;
  }
  return {
    ...host,
    renew,
    reload: async (server) => {
      await run(`reload ${server}`);
      await untilListening(server);
    },
  };
}

const RENEWED_FILES_SCRIPT = join(import.meta.dirname, "renewed-files.sh");

/**
 * Each is the name of a file that one server of the host reads: nginx with RSA and EC side by side at 443 (shop.lab),
 * HAProxy from one folder at 9443 (api.lab, pay.lab), Postfix with certificate and key files at 25 (mail.lab) and with
 * chain files at 587 (relay.lab).
 */
export type RenewedFile =
  | "shop-rsa"
  | "shop-ec"
  | "api"
  | "pay"
  | "mail-rsa"
  | "mail-ec"
  | "relay-rsa"
  | "relay-ec";

export type RenewedFilesHost = Omit<ServersHost, "renew"> & {
  /** Writes the certificate of 40 days ago or of yesterday into a file, and does not touch its server. */
  put(file: RenewedFile, issue: "old" | "new"): Promise<void>;
  /** Removes a file, makes it unreadable, or replaces its key by that of another certificate. */
  lose(file: RenewedFile, how: "gone" | "unreadable" | "other-key"): Promise<void>;
  /** The SHA-256 of one of them, lower case. */
  fingerprintOf(file: RenewedFile, issue: "old" | "new"): Promise<string>;
};

/**
 * A host where nginx, HAProxy and Postfix serve several certificates each, all 40 days old. `prepare`: shell text that
 * runs before any of them.
 */
export async function startRenewedFilesHost(prepare: string): Promise<RenewedFilesHost> {
  const host = await startServersHost(["nginx", "haproxy", "postfix"], prepare);
  const script = await readFile(RENEWED_FILES_SCRIPT, "utf8");
  const run = (command: string) => host.run(`ADDRESS=${host.address}\n${script}\n${command}`);
  try {
    await run("issue_all 2>/dev/null");
    await run("configure_all");
    for (const server of ["nginx", "haproxy", "postfix"] as const) await host.reload(server);
  } catch (error) {
    await host[Symbol.asyncDispose]();
    throw error;
  }
  return {
    ...host,
    put: async (file, issue) => void (await run(`put ${file} ${issue}`)),
    lose: async (file, how) => void (await run(`lose ${file} ${how}`)),
    fingerprintOf: async (file, issue) => {
      const said = await run(`openssl x509 -in $ISSUED/${file}.${issue}.crt -noout -fingerprint -sha256`);
      return said.replace(/^.*=/, "").replaceAll(":", "").trim().toLowerCase();
    },
  };
}

/** With a local socket through which root may change the settings of slapd, as Debian sets it up. */
export async function startWithLdapi(
  servers: readonly HostedServer[],
  prepare?: string,
): Promise<ServersHost> {
  const host = await startServersHost(servers, prepare);
  if (!servers.includes("slapd")) return host;
  await host.run(`${PATIENT}
    command -v ldapwhoami || { echo 'this machine has no ldapwhoami (ldap-utils)' >&2; exit 1; }
    kill "$(cat /run/slapd/slapd.pid)"
    has_ended() { [ ! -e /run/slapd/slapd.pid ]; }
    patient /dev/null has_ended
    slapmodify -F /etc/ldap/slapd.d -b cn=config <<-END
dn: olcDatabase={0}config,cn=config
changetype: modify
replace: olcAccess
olcAccess: {0}to * by dn.exact=gidNumber=0+uidNumber=0,cn=peercred,cn=external,cn=auth manage by * none
END
    slapd -h "ldap://${host.address} ldaps://${host.address} ldapi:///" -F /etc/ldap/slapd.d </dev/null >/dev/null 2>&1
    answers() { ldapwhoami -Q -Y EXTERNAL -H ldapi:/// >/run/slapd/said 2>&1; }
    patient /run/slapd/said answers
  `);
  return host;
}

/**
 * Shell text: `patient FILE COMMAND...` waits until a command succeeds, for at least a minute. After that it prints
 * FILE and fails.
 */
export const PATIENT = `
patient() {
  tries=600 heard=$1
  shift
  until "$@"; do
    tries=$((tries - 1))
    if [ $tries = 0 ]; then echo "never came true: $*" >&2; tail -n 20 "$heard" >&2; return 1; fi
    sleep 0.1
  done
}
`;
