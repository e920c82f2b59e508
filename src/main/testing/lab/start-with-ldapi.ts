import { PATIENT } from "./patient.ts";
import { type HostedServer, type ServersHost, startServersHost } from "./start-servers-host.ts";

/** With the socket of this machine by which root may change the settings of slapd, as Debian sets it up. */
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
