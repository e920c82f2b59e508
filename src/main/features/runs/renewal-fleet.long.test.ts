import { expect, test } from "vitest";
import type { App } from "#app";
import { RenewalRequest } from "#shared/contract/runs.ts";
import { letIn, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { carryOut, makePlan } from "#testing/runs/follow.ts";
import { makeRenewalDesk } from "#testing/runs/renewal-desk.ts";

const HOSTS = ["one", "two", "three"];
const SITES = ["a", "b", "c", "d"];

/** Four servers in one nginx, each with its own certificate, which is past two thirds of its lifetime. */
const prepareOn = (host: string) => `
rm -rf /etc/nginx; mkdir -p /etc/nginx /srv/tls
${SITES.map(
  (site) => `
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=${site}.${host}.lab" \\
  -addext "subjectAltName=DNS:${site}.${host}.lab" -not_before 20260101000000Z -not_after 20261220000000Z \\
  -keyout /srv/tls/${site}.key -out /srv/tls/${site}.pem 2>/dev/null`,
).join("")}
cat > /etc/nginx/site.in <<'END'
server { listen ADDRESS:8443 ssl; server_name NAME; ssl_certificate /srv/tls/SITE.pem; ssl_certificate_key /srv/tls/SITE.key; }
END
cat > /etc/nginx/nginx.conf <<'END'
events {}
pid /run/nginx.pid; error_log /dev/null;
http { access_log off; include /etc/nginx/sites; }
END
`;

const startNginx = (host: LabHost) =>
  host.run(`
    for site in ${SITES.join(" ")}; do
      sed "s/ADDRESS/${host.address}/; s/NAME/$site.${host.name}.lab/; s/SITE/$site/g" /etc/nginx/site.in
    done > /etc/nginx/sites
    setpriv --pdeathsig KILL nginx -e /dev/null`);

const scan = (app: App, hosts: readonly LabHost[]) =>
  scanAll(app, {
    acceptNew: true,
    text: hosts
      .flatMap(({ address, name }) => [
        `root@${address}`,
        ...SITES.map((site) => `${address}:8443/${site}.${name}.lab`),
      ])
      .join("\n"),
  });

const serveOn = (host: LabHost, command: string) => host.run(`cd /srv/tls; ${command}`);

test.skipIf(!canStartHosts())(
  "of twelve servers whose certificates are due, nine are renewed by one plan, and of three it is said why not",
  { timeout: 600_000 },
  async () => {
    await using desk = await makeRenewalDesk();
    await using stack = new AsyncDisposableStack();
    const hosts: LabHost[] = [];
    for (const name of HOSTS) {
      const prepare = `${letIn(desk.publicKey)}\n${prepareOn(name)}`;
      hosts.push(stack.use(await startHost({ name, prepare })));
    }
    const [one, two, three] = hosts;
    if (!one || !two || !three) throw new Error("three hosts were asked for");
    // Its file has a second hard link, which a new file would not have.
    await serveOn(two, "ln b.pem b-again.pem");
    // Nobody but its server knows the passphrase.
    await serveOn(
      three,
      `openssl ec -aes256 -passout pass:secret -in c.key -out c.locked 2>/dev/null && mv c.locked c.key
       printf secret > c.pass; sed -i 's|http {|http { ssl_password_file /srv/tls/c.pass;|' /etc/nginx/nginx.conf`,
    );
    for (const host of hosts) await startNginx(host);
    await using app = await desk.openWithVault();
    await scan(app, hosts);
    const { rows } = await app.client.certificates.list({ limit: 100 });
    const leaves = rows.filter(({ subject }) => /^CN=[a-d]\.\w+\.lab$/.test(subject));
    expect(leaves).toHaveLength(12);
    // One has no label that says who renews it.
    const labelled = leaves.filter(({ subject }) => subject !== "CN=d.one.lab");
    await app.client.labels.set({
      things: labelled.map(({ sha256 }) => ({ kind: "certificate", sha256 })),
      addTags: ["issuer.corp"],
    });
    const request = RenewalRequest.parse({ kind: "rotate-certificate", isDue: true });
    const planned = await makePlan(app, request, { batchSize: 2, postCheckMinutes: 0 });
    const { plan } = planned;
    expect(plan?.leftOut).toHaveLength(3);
    expect(plan?.hosts.flatMap(({ certificates }) => certificates)).toHaveLength(9);
    expect(plan?.hosts.map(({ batch }) => batch)).toEqual([0, 1, 1]);
    expect(plan?.leftOut).toHaveLength(3);
    const why = plan?.leftOut.join("\n");
    expect(why).toMatch(/CN=d\.one\.lab: nobody is known to renew it/);
    expect(why).toMatch(/CN=b\.two\.lab: .*more than one name/);
    expect(why).toMatch(/CN=c\.three\.lab: .*has a passphrase/);
    const ended = await carryOut(app, planned);
    expect(ended).toMatchObject({ state: "committed", message: "", failed: 0 });
    expect(ended.orders).toHaveLength(9);
    for (const { host, names, sha256 } of ended.orders) {
      const shown =
        await one.run(`openssl s_client -connect ${host}:8443 -servername ${names[0]} </dev/null 2>/dev/null |
        openssl x509 -noout -fingerprint -sha256 | sed 's/.*=//; s/://g' | tr A-F a-f`);
      expect(shown.trim(), names[0] ?? "").toBe(sha256);
    }
  },
);
