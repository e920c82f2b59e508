import { expect, test } from "vitest";
import { RenewalRequest } from "#shared/contract/runs.ts";
import type { KeyKind } from "#shared/model/issuers/vault.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { carryOut, makePlan, untilStill } from "#testing/runs/follow.ts";
import { makeRenewalDesk, scanServers, startRenewedHost } from "#testing/runs/renewal-desk.ts";

/** An nginx that accepts RSA alone: it has no other ciphers, and TLS 1.3, whose ciphers take any key, is off. */
const RSA_ALONE = `
cd /etc/tls
openssl req -x509 -newkey rsa:2048 -nodes -keyout nginx.key -out nginx.pem -days 30 -subj /CN=nginx.lab -addext subjectAltName=DNS:nginx.lab 2>/dev/null
sed -i 's/^\\(.*ssl_certificate_key.*\\)$/\\1 ssl_protocols TLSv1.2; ssl_ciphers ECDHE-RSA-AES128-GCM-SHA256;/' /etc/nginx/sites-available/shop
sed -i 's/nginx.log crit/nginx.log info/' /etc/nginx/nginx.conf
nginx -t && nginx -s reload`;

test.skipIf(!canStartHosts())(
  "a certificate that its server cannot use is told of before it is ordered, and goes back at the first look; a server whose own test fails is told of before anything is ordered",
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, ["nginx"]);
    await using app = await desk.openWithVault();
    await host.run(RSA_ALONE);
    await scanServers(app, [host], ["nginx"]);
    const at = { host: host.address, port: 443, serverName: null };
    const plan = (keyKind: KeyKind | null) =>
      makePlan(
        app,
        RenewalRequest.parse({ kind: "rotate-certificate", issuer: "corp", endpoints: [at], keyKind }),
        { postCheckMinutes: 0 },
      );
    const files = () => host.run("cd /etc/tls; sha256sum nginx.*");
    const before = await files();

    const unusable = await plan("p256");
    expect(unusable.plan?.checks).toContainEqual(
      expect.objectContaining({
        state: "acknowledge",
        id: "key-kind",
        text: expect.stringMatching(
          /nginx \(.*shop:\d+\) refuses an ECDSA key: .*TLS 1.3 is off: every client would be refused/,
        ),
      }),
    );
    const refused = await carryOut(app, unusable);
    expect(refused).toMatchObject({ state: "stopped", failed: 1 });
    expect(refused.message).toMatch(/refused the handshake.*it was rolled back/);
    // One probe of each of its two endpoints, each with a few ClientHellos.
    expect(Number(await host.run("grep -c 'no shared cipher' /var/log/nginx.log"))).toBeLessThanOrEqual(8);
    expect(await files()).toBe(before);
    const back = await untilStill(app, async () => {
      await app.client.runs.rollBack({ runId: refused.id });
      return refused.id;
    });
    expect(back).toMatchObject({ state: "rolled-back", message: "" });

    const planned = await plan(null);
    expect(planned.plan?.checks.filter(({ state }) => state !== "ok")).toMatchObject([{ id: "trust" }]);
    await host.run("echo 'no_such_directive;' >> /etc/nginx/nginx.conf");
    const broken = await carryOut(app, planned);
    expect(broken).toMatchObject({ state: "stopped", failed: 1, orders: [{ state: "planned" }] });
    expect(broken.message).toMatch(/nginx fails its own test .*no_such_directive.*; nothing was ordered/s);
    const again = await plan(null);
    expect(again.plan?.checks).toContainEqual(
      expect.objectContaining({
        state: "acknowledge",
        id: "server-test",
        text: expect.stringContaining("no_such_directive"),
      }),
    );
    await host.run("sed -i '$d' /etc/nginx/nginx.conf");
    const resumed = await untilStill(app, async () => {
      await app.client.runs.resume({ runId: broken.id });
      return broken.id;
    });
    expect(resumed).toMatchObject({ state: "committed", message: "" });
    expect(await host.run("ls -A /var/lib/latchkey 2>/dev/null || :")).toBe("");
  },
);
