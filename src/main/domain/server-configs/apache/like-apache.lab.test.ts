import { expect, test } from "vitest";
import { readCollection } from "#domain/collection/read-collection.ts";
import { chooseBinding } from "#domain/server-configs/choose-binding.ts";
import { readConfiguration } from "#domain/server-configs/read-configuration.ts";
import { runCollector } from "#testing/lab/run-in-host.ts";
import { startHost } from "#testing/lab/start-host.ts";

const PREPARE = `
mkdir -p /etc/apache2 /srv/tls
cd /srv/tls
for name in first shop own; do
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" -keyout $name.key -out $name.pem 2>/dev/null
done
`;

const virtualHost = (
  where: string,
  name: string | null,
  certificate: string,
): string => `<VirtualHost ${where}>
${name === null ? "" : `  ServerName ${name}\n`}  SSLEngine on
  SSLCertificateFile /srv/tls/${certificate}.pem
  SSLCertificateKeyFile /srv/tls/${certificate}.key
</VirtualHost>
`;

test("Apache looks up a name in the place of an address, and the name of a host without one: what hangs on that is not told", async () => {
  await using host = await startHost({ name: "apache", prepare: PREPARE });
  const { address } = host;
  const modules = ["mpm_event", "authz_core", "socache_shmcb", "ssl"].map(
    (name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so\n`,
  );
  const text = `${modules.join("")}ServerRoot /etc/apache2
DefaultRuntimeDir /run
PidFile /run/apache.pid
ErrorLog /dev/stderr
User www-data
Group www-data
Listen ${address}:8443 https
Listen ${address}:8444 https
Listen ${address}:8445 https
${virtualHost("*:8443", "first.example", "first")}${virtualHost("shop.example:8443", "shop.example", "shop")}
${virtualHost(`${address}:8444`, "first.example", "first")}${virtualHost(`${address}:8444`, null, "shop")}
${virtualHost("*:8445", "first.example", "first")}${virtualHost("*:8445", null, "own")}`;
  await host.run(`
    name=$(hostname)
    printf '%s\\n' '127.0.0.1 localhost' "127.0.1.1 $name.example $name" '${address} shop.example' >/etc/hosts
    printf 'hosts: files\\n' >/etc/nsswitch.conf
    cat >/etc/apache2/apache2.conf <<'END'
${text}
END
    apache2 -D FOREGROUND -f /etc/apache2/apache2.conf >/root/said 2>&1 &
    # It opens its sockets twice, and what connects to the first ones is turned away.
    until echo | openssl s_client -connect ${address}:8445 2>/dev/null | grep -q '^subject'; do
      kill -0 $! 2>/dev/null || { cat /root/said >&2; exit 1; }
    done`);
  const own = `${(await host.run("hostname")).trim()}.example`;
  const told = readCollection(await runCollector(host, { args: ["--nonce", "n"] }), { nonce: "n" });
  const files = told?.serverConfigs.find(({ server }) => server === "apache");
  if (!files) throw new Error("its configuration was not collected");
  const configuration = readConfiguration(files);
  const ours = (port: number, name: string): string => {
    const choice = chooseBinding(configuration, { address, port, name }, () => null);
    const path = choice.kind === "chosen" ? choice.deployments[0]?.certificate.path : choice.kind;
    return path?.replace(/^.*\/|\.pem$/g, "") ?? "nothing";
  };
  const served = async (port: number, name: string): Promise<string> => {
    const said = await host.run(
      `echo | openssl s_client -connect ${address}:${port} -servername ${name} 2>/dev/null | grep '^subject' || :`,
    );
    return /CN ?= ?(\w+)/.exec(said)?.[1] ?? "nothing";
  };
  const seen: { [asked: string]: [served: string, ours: string] } = {};
  for (const port of [8443, 8444, 8445])
    for (const name of ["first.example", "shop.example", own, "other.example"])
      seen[`${port} ${name === own ? "its own" : name}`] = [await served(port, name), ours(port, name)];
  expect(seen).toEqual({
    // A host at the exact address comes before those at any address.
    "8443 first.example": ["shop", "unsure"],
    "8443 shop.example": ["shop", "unsure"],
    "8443 its own": ["shop", "unsure"],
    "8443 other.example": ["shop", "unsure"],
    // Apache looks up the name shop.example for its address.
    "8444 first.example": ["first", "first"],
    "8444 shop.example": ["shop", "unsure"],
    "8444 its own": ["first", "unsure"],
    "8444 other.example": ["first", "unsure"],
    "8445 first.example": ["first", "first"],
    "8445 shop.example": ["first", "first"],
    "8445 its own": ["own", "unsure"],
    "8445 other.example": ["first", "first"],
  });
});
