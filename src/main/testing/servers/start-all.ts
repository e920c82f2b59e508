import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import type { StartTls } from "#shared/model/hosts/target.ts";
import { startMariadb, startPostgres, startSlapd } from "./databases.ts";
import { startDovecot, startPostfix } from "./mail-servers.ts";
import {
  PROSODY_DOMAIN,
  startInn2,
  startInspircd,
  startProftpd,
  startProsody,
  startTelnetd,
  startXrdp,
} from "./other-servers.ts";
import type { ServerRequest, StartedServer } from "./server.ts";

/** Every real server that there is, by its name. */
export const STARTERS = {
  postfix: startPostfix,
  dovecot: startDovecot,
  slapd: startSlapd,
  postgres: startPostgres,
  mariadb: startMariadb,
  proftpd: startProftpd,
  prosody: startProsody,
  inn2: startInn2,
  inspircd: startInspircd,
  "telnetd-ssl": startTelnetd,
  xrdp: startXrdp,
} satisfies Record<string, (wish: ServerRequest) => Promise<StartedServer>>;
export type ServerName = keyof typeof STARTERS;

/** Which server speaks what. No available server speaks MS-TDS. */
export const SERVER_OF: Record<Exclude<StartTls, "mssql">, ServerName> = {
  smtp: "postfix",
  lmtp: "dovecot",
  imap: "dovecot",
  pop3: "dovecot",
  ftp: "proftpd",
  ldap: "slapd",
  xmpp: "prosody",
  "xmpp-server": "prosody",
  nntp: "inn2",
  sieve: "dovecot",
  irc: "inspircd",
  telnet: "telnetd-ssl",
  postgres: "postgres",
  mysql: "mariadb",
  rdp: "xrdp",
};

/** The server name to request; null if it answers to any. */
export const domainOf = (protocol: string): string | null =>
  protocol.startsWith("xmpp") ? PROSODY_DOMAIN : null;

export type AllServers = AsyncDisposable & Record<ServerName, StartedServer>;

/** All of them at the same time, each in a folder of its own. */
export async function startAllServers(wish: ServerRequest): Promise<AllServers> {
  await using stack = new AsyncDisposableStack();
  const names = Object.keys(STARTERS) as ServerName[];
  const starting = names.map(async (name) => {
    const folder = join(wish.folder, name);
    await mkdir(folder);
    return [name, stack.use(await STARTERS[name]({ ...wish, folder }))] as const;
  });
  // All are waited for, so that one that starts late is not left running.
  const settled = await Promise.allSettled(starting);
  const started = settled.map((result) => {
    if (result.status === "rejected") throw result.reason;
    return result.value;
  });
  const kept = stack.move();
  const servers = Object.fromEntries(started) as Record<ServerName, StartedServer>;
  return { ...servers, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
