/** A stale certificate on a real nginx, from its finding to the new one on the wire; and a configuration that is broken. */
import { expect, test } from "vitest";
import type { App } from "#app";
import { ReloadRequest } from "#shared/contract/runs.ts";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, type LabHost, startHost } from "#testing/lab/start-host.ts";
import { carryOut, makePlan, untilStill } from "#testing/runs/follow.ts";

/** A certificate for each name, made on the host; the dates tell which of two is the later one. */
const MAKE = `
make() {
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$1" -addext "subjectAltName=DNS:$1" \\
    -not_before "\${3-20260101000000Z}" -not_after "\${4-20280101000000Z}" -keyout "$2.key" -out "$2.pem" 2>/dev/null
}
`;

const NGINX = `${MAKE}
rm -rf /etc/ssl/certs/* /etc/nginx; mkdir -p /etc/nginx/sites-enabled /srv/tls
cd /srv/tls
make shop.example shop; make other.example other
cat > /etc/nginx/nginx.conf <<'END'
events {}
pid /run/nginx.pid; error_log /dev/null;
http { access_log off; include sites-enabled/*; }
END
`;

const site = (address: string, name: string, more = "") =>
  `printf '%s\\n' 'server { listen ${address}:8443 ssl ${more};' 'server_name ${name}.example;' \\
    'ssl_certificate /srv/tls/${name}.pem;' 'ssl_certificate_key /srv/tls/${name}.key; }' > /etc/nginx/sites-enabled/${name}`;

async function startNginx(host: LabHost) {
  await host.run(`${site(host.address, "shop", "default_server")}
    ${site(host.address, "other")}
    setpriv --pdeathsig KILL nginx -e /dev/null`);
}

/** Its clock goes by seconds, and nginx may have been started in this one. */
const RENEW = `${MAKE} cd /srv/tls; make shop.example new 20260201000000Z 20290101000000Z
  cat new.key > shop.key; cat new.pem > shop.pem; touch -d '2 seconds' shop.pem`;

const leafOf = (host: LabHost, path: string) =>
  host.run(`openssl x509 -in ${path} -outform DER | sha256sum | cut -d ' ' -f 1`).then((text) => text.trim());

const servedBy = (host: LabHost, name: string) =>
  host
    .run(
      `openssl s_client -connect ${host.address}:8443 -servername ${name} </dev/null 2>/dev/null | openssl x509 -outform DER | sha256sum | cut -d ' ' -f 1`,
    )
    .then((text) => text.trim());

/** Scans host and endpoints until the stale one is known to be stale. */
async function untilStale(app: App, text: string) {
  await expect
    .poll(
      async () => {
        await scanAll(app, { text, acceptNew: true });
        return (await app.client.findings.list({ rule: "certificate-not-reloaded" })).rows.length;
      },
      { timeout: 50_000 },
    )
    .toBe(1);
}

/** What was reloaded once is never said to be unchanged, whatever keeps it from being reloaded again. */
async function stayReloaded(host: LabHost, goOn: () => ReturnType<typeof untilStill>) {
  const at = "/etc/nginx/sites-enabled/shop";
  await host.run(`sed -i 's,/srv/tls/shop,/srv/tls/other,' ${at}`);
  expect(await goOn()).toMatchObject({
    state: "needs-attention",
    message: expect.stringContaining("it was reloaded"),
  });
  await host.run("echo 'no_such_directive;' >> /etc/nginx/nginx.conf");
  const stuck = await goOn();
  expect(stuck.stepList.map(({ phase, state }) => `${phase} ${state}`)).toEqual([
    "test verified",
    "reload needs-attention",
  ]);
  expect(stuck.message).toMatch(/no_such_directive/);
  await host.run(`cat /root/sound > /etc/nginx/nginx.conf; sed -i 's,/srv/tls/other,/srv/tls/shop,' ${at}`);
}

test.skipIf(!canStartHosts())(
  "a server that still serves the certificate from before its renewal is reloaded by a plan that shows both, and must serve the new one; where its configuration is broken its own words are shown and nothing is reloaded",
  async () => {
    await using desk = await makeDesk();
    await using host = await startHost({ name: "web", prepare: `${letIn(desk.publicKey)}\n${NGINX}` });
    await startNginx(host);
    await using app = desk.open();
    const wire = ["shop.example", "other.example"].map((name) => `${host.address}:8443/${name}`).join(" ");
    await scanAll(app, { text: `root@${host.address} ${wire}`, acceptNew: true });
    const [before, other] = [
      await leafOf(host, "/srv/tls/shop.pem"),
      await leafOf(host, "/srv/tls/other.pem"),
    ];
    await host.run(RENEW);
    const after = await leafOf(host, "/srv/tls/shop.pem");
    await untilStale(app, `root@${host.address}`);
    const [finding] = (await app.client.findings.list({ rule: "certificate-not-reloaded" })).rows;
    expect(finding).toMatchObject({ object: { kind: "certificate", sha256: before }, host: host.address });

    const stale = [{ certificate: before, host: host.address }];
    const request = ReloadRequest.parse({ kind: "reload", stale });
    const planned = await makePlan(app, request);
    expect(planned.plan).toMatchObject({
      kind: "reload",
      title: `Reload nginx on ${host.address}`,
      leftOut: [],
    });
    const [server] = planned.plan?.kind === "reload" ? (planned.plan.hosts[0]?.servers ?? []) : [];
    expect(server?.service).toMatchObject({ server: "nginx", reload: "HUP to its master" });
    const changes = new Map(server?.endpoints.map((one) => [one.serverName, [one.before, one.after]]));
    expect(changes.get("shop.example")).toEqual([before, { kind: "known", leaves: [after] }]);
    expect(changes.get("other.example")).toEqual([other, { kind: "known", leaves: [other] }]);
    expect(server?.certificates).toContainEqual(
      expect.objectContaining({
        sha256: after,
        subject: "CN=shop.example",
        notAfter: "2029-01-01T00:00:00Z",
      }),
    );
    expect(
      planned.plan?.checks.filter(({ state }) => state === "acknowledge" || state === "refused"),
    ).toEqual([]);
    expect(planned.plan?.checks).toContainEqual(expect.objectContaining({ id: "no-undo", state: "warning" }));

    await host.run(
      "cp /etc/nginx/nginx.conf /root/sound; echo 'no_such_directive;' >> /etc/nginx/nginx.conf",
    );
    const workers = await host.run("pgrep nginx | sort");
    const broken = await carryOut(app, planned);
    expect(broken).toMatchObject({ state: "stopped", failed: 1 });
    expect(broken.message).toMatch(
      /nginx fails its own configuration test, and is not reloaded: .*no_such_directive/s,
    );
    expect(broken.stepList.map(({ phase, state }) => `${phase} ${state}`)).toEqual([
      "test failed",
      "reload planned",
    ]);
    expect(await host.run("pgrep nginx | sort")).toBe(workers);
    expect(await servedBy(host, "shop.example")).toBe(before);
    const refused = await makePlan(app, request);
    expect(refused.plan?.checks[0]).toMatchObject({
      state: "refused",
      text: expect.stringMatching(
        /fails its own configuration test, so that it is not reloaded: .*no_such_directive/s,
      ),
    });

    await host.run("cat /root/sound > /etc/nginx/nginx.conf");
    const goOn = () =>
      untilStill(app, async () => {
        await app.client.runs.resume({ runId: broken.id });
        return broken.id;
      });
    await stayReloaded(host, goOn);
    const ended = await goOn();
    expect(ended).toMatchObject({ state: "committed", message: "" });
    expect(await servedBy(host, "shop.example")).toBe(after);
    expect(await servedBy(host, "other.example")).toBe(other);
    expect((await app.client.findings.list({ rule: "certificate-not-reloaded" })).total).toBe(0);
  },
  240_000,
);
