import { expect, test } from "vitest";
import { type App, createApp } from "#app";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { type LabHost, startHost } from "#testing/lab/start-host.ts";

/** A certificate of its own for each name, made on the host. */
const MAKE = `
make() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -addext "subjectAltName=DNS:$1" \\
    -not_before "\${3-20260101000000Z}" -not_after 20280101000000Z -keyout "$2.key" -out "$2.pem" 2>/dev/null
}
`;

const NGINX = `${MAKE}
rm -rf /etc/ssl/certs/* /etc/nginx; mkdir -p /etc/nginx/sites-enabled /etc/nginx/sites-available /srv/tls/archive
cd /srv/tls
make shop.example archive/shop1; make other.example other; make late.example late
ln -s archive/shop1.pem shop.pem; ln -s archive/shop1.key shop.key
cat > /etc/nginx/nginx.conf <<'END'
events {}
pid /run/nginx.pid; error_log /dev/null;
http { access_log off; include sites-enabled/*; }
END
cat > /etc/nginx/sites-available/shop <<'END'
server {
  listen ADDRESS:8443 ssl default_server;
  server_name shop.example;
  proxy_set_header Authorization "Basic c2VjcmV0";
  ssl_certificate /srv/tls/shop.pem;
  ssl_certificate_key /srv/tls/shop.key;
}
server {
  listen ADDRESS:8443 ssl;
  server_name other.example;
  ssl_certificate /srv/tls/other.pem;
  ssl_certificate_key /srv/tls/other.key;
}
END
`;

const startNginx = async (host: LabHost) => {
  await host.run(`
    sed "s/ADDRESS/${host.address}/" /etc/nginx/sites-available/shop > /etc/nginx/sites-enabled/shop
    setpriv --pdeathsig KILL nginx -e /dev/null`);
};

const scan = (app: App, text: string) => scanAll(app, { text, acceptNew: true });

async function states(app: App) {
  const { rows } = await app.client.served.list({ sort: { by: "host", descending: false } });
  return Object.fromEntries(rows.map(({ name, state }) => [name, state]));
}

test("a certificate that was renewed and not reloaded is named on nginx, with the way from its line to the wire", async () => {
  await using desk = await makeDesk();
  await using host = await startHost({ name: "web", prepare: `${letIn(desk.publicKey)}\n${NGINX}` });
  await startNginx(host);
  await using app = desk.open();
  const wire = ["shop.example", "other.example"].map((name) => `${host.address}:8443/${name}`).join(" ");

  await scan(app, `root@${host.address}`);
  expect(await states(app)).toEqual({ "shop.example": "not-seen", "other.example": "not-seen" });
  await scan(app, wire);
  expect(await states(app)).toEqual({ "shop.example": "agrees", "other.example": "agrees" });

  await host.run(`${MAKE} cd /srv/tls; make shop.example archive/shop2 20260201000000Z
    # Its clock goes by seconds, and nginx may have been started in this one.
    touch -d '2 seconds' archive/shop2.pem; ln -sf archive/shop2.pem shop.pem; ln -sf archive/shop2.key shop.key`);
  // On a busy machine a collector may run out of time before the processes. Their age is not known then, and the scan
  // is repeated.
  await until(app, `root@${host.address}`, "not-reloaded");
  const { rows } = await app.client.served.list({ state: "not-reloaded" });
  const file = "/etc/nginx/sites-enabled/shop";
  expect(rows).toMatchObject([
    {
      server: "nginx",
      address: host.address,
      port: 8443,
      at: { file, line: 1 },
      certificate: {
        path: "/srv/tls/shop.pem",
        directive: "ssl_certificate",
        at: { file, line: 5 },
        realPath: "/srv/tls/archive/shop2.pem",
        subject: "CN=shop.example",
      },
      keyPath: "/srv/tls/shop.key",
      keyMatches: true,
      sights: [{ host: host.address, serverName: "shop.example", state: "not-reloaded" }],
    },
  ]);
  expect(rows[0]?.sights[0]?.evidence[0]).toMatch(
    / \/srv\/tls\/shop.pem still held the certificate that is served$/,
  );
  const found = await app.client.findings.list({ rule: "certificate-not-reloaded" });
  expect(found.rows).toMatchObject([{ severity: "high", host: host.address, label: "CN=shop.example" }]);

  // A database that has not seen the old certificate in the file claims nothing of a renewal.
  await using fresh = createApp({
    databasePath: ":memory:",
    workstation: { user: "root", home: desk.home, agentSocket: null },
  });
  await until(fresh, `root@${host.address} ${wire}`, "differs");

  await host.run("nginx -e /dev/null -s reload");
  // The old workers serve on until the last of them has gone.
  await until(app, wire, "agrees");
  expect((await app.client.findings.list({ rule: "certificate-not-reloaded" })).total).toBe(0);
}, 120_000);

/** Scans until the shop has this state. */
async function until(app: App, text: string, state: string): Promise<void> {
  const look = async () => {
    await scan(app, text);
    return states(app);
  };
  await expect.poll(look, { timeout: 50_000 }).toEqual({ "shop.example": state, "other.example": "agrees" });
}
