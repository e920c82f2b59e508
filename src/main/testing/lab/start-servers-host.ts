import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { makeCertificate } from "#testing/make-certificate.ts";
import { isListening } from "#testing/servers/is-listening.ts";
import { type LabHost, startHost } from "./start-host.ts";

const SCRIPT = join(import.meta.dirname, "servers.sh");

/** Against a server that ends as it starts, on a machine however slow. */
const PATIENCE_MS = 120_000;

/** Where each server of the host speaks TLS, by what it speaks before. */
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
  /** Puts a new certificate and key in the place of the server's, as a renewal does, and leaves the server alone. */
  renew(server: HostedServer): Promise<{ pem: string; der: Uint8Array }>;
  /** Has the server read its files anew; answers when it takes connections. */
  reload(server: HostedServer): Promise<void>;
};

/**
 * A host on which these servers run with their configuration where it usually lies, each with a certificate of its
 * own. `prepare` is shell text that runs before any of them.
 */
export async function startServersHost(
  servers: readonly HostedServer[],
  prepare?: string,
): Promise<ServersHost> {
  const host = await startHost({ name: "eight", ...(prepare !== undefined && { prepare }) });
  const script = await readFile(SCRIPT, "utf8");
  // What goes into the background would hold a pipe of ours open.
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
  // Each is of a later day than the one before it.
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
