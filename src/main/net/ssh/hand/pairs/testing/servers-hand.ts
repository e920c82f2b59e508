import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { readPairScripts } from "#net/ssh/hand/pairs/testing/pair-hand.ts";
import { openHandIn } from "#net/ssh/hand/testing/open-hand-in.ts";
import { hashOf } from "#net/ssh/hand/testing/wish.ts";
import { createTlsProber } from "#net/tls/probe-endpoint.ts";
import { startShellIn } from "#testing/lab/shell-in-host.ts";
import type { LabHost } from "#testing/lab/start-host.ts";
import {
  type HostedServer,
  SERVED,
  type ServersHost,
  startServersHost,
} from "#testing/lab/start-servers-host.ts";

const ROTATION = join(import.meta.dirname, "../../../../../../../resources/rotation");
const MORE = ["servers-common.sh", "servers-mail.sh", "servers-data.sh", "keystores.sh"];

/** A hand that knows every server, in a shell of root's. */
export async function openServerHand(host: LabHost, wish: Parameters<typeof startShellIn>[1] = {}) {
  const more = await Promise.all(MORE.map((name) => readFile(join(ROTATION, name), "utf8")));
  return openHandIn(startShellIn(host, wish), [await readPairScripts(), ...more].join("\n"));
}

/** SHA-256 of what is served first, by a probe of ours; where nothing is, what came of it. */
export async function servedBy(host: LabHost, server: HostedServer): Promise<string> {
  const { protocol, port } = SERVED[server];
  const target = { kind: "tls" as const, host: host.address, port, serverName: null, protocol };
  const { outcome, chain } = await createTlsProber().probeEndpoint(target, AbortSignal.timeout(30_000));
  return chain[0] ? hashOf(chain[0]) : outcome;
}

/** With the socket of this machine by which root may change the settings of slapd, as Debian sets it up. */
export async function startWithLdapi(servers: readonly HostedServer[]): Promise<ServersHost> {
  const host = await startServersHost(servers);
  if (!servers.includes("slapd")) return host;
  await host.run(`
    kill "$(cat /run/slapd/slapd.pid)"
    while [ -e /run/slapd/slapd.pid ]; do sleep 0.02; done
    slapmodify -F /etc/ldap/slapd.d -b cn=config <<-END
dn: olcDatabase={0}config,cn=config
changetype: modify
replace: olcAccess
olcAccess: {0}to * by dn.exact=gidNumber=0+uidNumber=0,cn=peercred,cn=external,cn=auth manage by * none
END
    slapd -h "ldap://${host.address} ldapi:///" -F /etc/ldap/slapd.d </dev/null >/dev/null 2>&1
    while ! ldapwhoami -Q -Y EXTERNAL -H ldapi:/// >/dev/null 2>&1; do sleep 0.02; done
  `);
  return host;
}
