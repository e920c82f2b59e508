import { type LabHost, startHost } from "#testing/lab/start-host.ts";
import { DSA_LINE, type KeyName, type KeyPair, putLog } from "./demo-keys.ts";
import type { Endpoint } from "./endpoints.ts";

type DemoAccess = { keys: Record<KeyName, KeyPair>; endpoints: readonly Endpoint[] };

/** A host, and the account that an audit logs in to. */
export type DemoHost = { host: LabHost; user: string };

/**
 * Three hosts of one company: a web server that is maintained, a database server that mostly is, and one that everybody
 * has forgotten.
 *
 * Orphans among their grants: carol's keys, because she has left; bob's on web-1, of which four months of logs show no
 * use; the contractor's, which nobody has. Grants that look like orphans and are not: the locked password of metrics
 * does not stop a key; alice's laptop is outside of the inventory; the logs of db-1 are too short to show "unused"; the
 * shell of ftp-import still forwards ports.
 */
export async function startHosts(given: DemoAccess): Promise<DemoHost[]> {
  const wishes = [
    { name: "web-1", user: "root", prepare: prepareWeb(given) },
    { name: "db-1", user: "root", prepare: prepareDatabase(given) },
    // Nobody has root here, so much of this host stays unknown.
    { name: "legacy-7", user: "auditor", prepare: prepareLegacy(given) },
  ];
  const started = await Promise.allSettled(
    wishes.map(async ({ name, user, prepare }) => ({ host: await startHost({ name, prepare }), user })),
  );
  const hosts = started.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  const failed = started.find((result) => result.status === "rejected");
  if (!failed) return hosts;
  await Promise.all(hosts.map(({ host }) => host[Symbol.asyncDispose]()));
  throw failed.reason;
}

const SITES = ["shop.example", "api.shop.example", "pay.shop.example"];

const prepareWeb = ({ keys, endpoints }: DemoAccess): string => `${FUNCTIONS}
add_account deploy /bin/bash
add_account alice /bin/bash
add_account bob /bin/bash
grant root '${keys.auditor.publicLine}' 'from="127.0.0.0/8" ${keys.alice.publicLine}'
grant deploy '${keys.deploy.publicLine}' \\
  'restrict,command="/usr/local/bin/deploy-site" ${withComment(keys.deploy, "deploy@ci-runner-3")}'
grant alice '# work laptop' '${keys.alice.publicLine}'
grant bob '${keys.bob.publicLine}' 'expiry-time="20250101" ${keys.carol.publicLine}'
${putLog("web-1", {
  days: 120,
  habits: [
    { account: "root", key: keys.alice, everyDays: 20 },
    { account: "alice", key: keys.alice, everyDays: 2 },
    { account: "deploy", key: keys.deploy, everyDays: 1 },
  ],
})}
put 0600 deploy /home/deploy/.ssh/id_ed25519 '${keys.deploy.privateKey}'
printf '%s\\n' '${keys.deploy.publicLine}' > /home/deploy/.ssh/id_ed25519.pub
ssh-keygen -q -t ed25519 -N 'correct horse' -C alice@web-1 -f /home/alice/.ssh/id_ed25519
chown -R alice:alice /home/alice/.ssh
${SITES.map((name) => putLetsEncrypt(name, endpoints)).join("\n")}
put 0644 root /etc/nginx/nginx.conf '${formatNginx(SITES)}'
`;

const prepareDatabase = ({ keys, endpoints }: DemoAccess): string => `${FUNCTIONS}
add_account postgres /bin/bash
add_account backup-agent /bin/sh
add_account alice /bin/bash
add_account bob /bin/bash
add_account carol /bin/bash
add_account metrics /bin/sh
chage -E 2025-06-30 bob
usermod -L metrics
${putLog("db-1", { days: 12, habits: [{ account: "backup-agent", key: keys.backup, everyDays: 1 }] })}
grant root '${keys.auditor.publicLine}' '${withComment(keys.backup, "root@nas")}'
grant postgres 'command="/usr/bin/wal-push",no-pty ${keys.backup.publicLine}' '${keys.contractor.publicLine}'
grant metrics '${keys.deploy.publicLine}'
grant backup-agent '${keys.backup.publicLine}'
grant alice '${keys.alice.publicLine}'
grant bob '${keys.bob.publicLine}'
grant carol '${keys.carol.publicLine}' 'no-such-option ${keys.carol.publicLine}'
put 0644 backup-agent /home/backup-agent/.ssh/id_rsa '${keys.backup.privateKey}'
chmod 0755 /home/backup-agent /home/backup-agent/.ssh
put 0600 postgres ~postgres/.ssh/id_ecdsa '${keys.bob.privateKey}'
${putCertificate("/etc/ssl/private/ldap.corp.example", "ldap.corp.example", endpoints)}
`;

const prepareLegacy = ({ keys, endpoints }: DemoAccess): string => `${FUNCTIONS}
add_account auditor /bin/bash
add_account admin /bin/bash
add_account ftp-import /usr/sbin/nologin
add_account alice /bin/bash
grant auditor '${keys.auditor.publicLine}'
grant admin '${DSA_LINE}' '${keys["old-admin"].publicLine}' '${keys.carol.publicLine}'
grant ftp-import '${withComment(keys["old-admin"], "import@mainframe")}'
grant alice '${keys.alice.publicLine}'
for account in admin ftp-import; do
  chmod 0755 "/home/$account" "/home/$account/.ssh"
  chmod 0644 "/home/$account/.ssh/authorized_keys"
done
chmod 0666 /home/alice/.ssh/authorized_keys
put 0644 admin /home/admin/.ssh/id_rsa '${keys["old-admin"].privateKey}'
${putCertificate("/etc/ssl/erp", "erp.corp.example", endpoints)}
`;

/** Shell functions that the scripts above use. This machine's own homes and certificates are hidden. */
const FUNCTIONS = `
for folder in /home /etc/letsencrypt /etc/ssl/certs /usr/local/share/ca-certificates; do
  mkdir -p "$folder"
  mount -t tmpfs -o mode=755 tmpfs "$folder"
done
# Whatever this machine serves is no part of the demo.
rm -rf /etc/nginx
find /etc/ssh/sshd_config* -type f -exec touch -d '300 days ago' {} +
add_account() { # NAME SHELL
  id "$1" > /dev/null 2>&1 || useradd --create-home --shell "$2" "$1"
}
put() { # MODE OWNER PATH TEXT
  mkdir -p "$(dirname "$3")"
  printf '%s' "$4" > "$3"
  chmod "$1" "$3"
  chown "$2:" "$3"
}
grant() { # ACCOUNT LINE...
  account=$1
  home=$(getent passwd "$account" | cut -d: -f6)
  shift
  mkdir -p -m 0700 "$home/.ssh"
  printf '%s\\n' "$@" > "$home/.ssh/authorized_keys"
  chmod 0600 "$home/.ssh/authorized_keys"
  touch -d '300 days ago' "$home/.ssh/authorized_keys"
  chown -R "$account:" "$home/.ssh"
}
`;

/** The same key with another comment, as copied keys have. */
const withComment = ({ publicLine }: KeyPair, comment: string): string =>
  [...publicLine.split(" ").slice(0, 2), comment].join(" ");

function putCertificate(place: string, name: string, endpoints: readonly Endpoint[]): string {
  const { chainPem, keyPem } = findEndpoint(name, endpoints);
  return `put 0644 root ${place}.pem '${chainPem}'\nput 0600 root ${place}.key '${keyPem}'`;
}

/** As certbot lays it out: links in `live` to numbered files in `archive`. */
function putLetsEncrypt(name: string, endpoints: readonly Endpoint[]): string {
  const { chainPem, keyPem } = findEndpoint(name, endpoints);
  const archive = `/etc/letsencrypt/archive/${name}`;
  const live = `/etc/letsencrypt/live/${name}`;
  return `put 0644 root ${archive}/fullchain3.pem '${chainPem}'
put 0600 root ${archive}/privkey3.pem '${keyPem}'
mkdir -p ${live}
ln -s ../../archive/${name}/fullchain3.pem ${live}/fullchain.pem
ln -s ../../archive/${name}/privkey3.pem ${live}/privkey.pem`;
}

const formatNginx = (names: readonly string[]): string => `http {
${names
  .map(
    (name) => `  server {
    listen 443 ssl;
    server_name ${name};
    ssl_certificate /etc/letsencrypt/live/${name}/fullchain.pem;
    ssl_certificate_key /etc/letsencrypt/live/${name}/privkey.pem;
  }
`,
  )
  .join("")}}
`;

function findEndpoint(name: string, endpoints: readonly Endpoint[]): Endpoint {
  const endpoint = endpoints.find((candidate) => candidate.name === name);
  if (!endpoint) throw new Error(`the demo has no endpoint ${name}`);
  return endpoint;
}
