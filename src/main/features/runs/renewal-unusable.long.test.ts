import { expect, test } from "vitest";
import { RenewalRequest } from "#shared/contract/runs.ts";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { type HostedServer, SERVED } from "#testing/lab/start-servers-host.ts";
import { carryOut, makePlan, untilStill } from "#testing/runs/follow.ts";
import { makeRenewalDesk, scanServers, startRenewedHost } from "#testing/runs/renewal-desk.ts";
import { actOn } from "#testing/runs/two-addresses.ts";

const SUITE = "ECDHE-RSA-AES128-GCM-SHA256";
const rsa = (server: HostedServer) =>
  `cd /etc/tls; openssl req -x509 -newkey rsa:2048 -nodes -keyout ${server}.key -out ${server}.pem -days 30 -subj /CN=${server}.lab -addext subjectAltName=DNS:${server}.lab 2>/dev/null`;

/** Each accepts RSA alone, by a setting for the whole server and not where the certificate is named. */
const RSA_ALONE = {
  apache: `${rsa("apache")}
printf 'SSLProtocol -all +TLSv1.2\\nSSLCipherSuite ${SUITE}\\n' >>/etc/apache2/apache2.conf
apache2 -k graceful -f /etc/apache2/apache2.conf`,
  haproxy: `${rsa("haproxy")}
. /run/servers.sh; join_files haproxy
sed -i 's/maxconn 32/maxconn 32\\n    ssl-default-bind-ciphers ${SUITE}\\n    ssl-default-bind-options no-tlsv13/' /etc/haproxy/haproxy.cfg
haproxy -c -q -f /etc/haproxy/haproxy.cfg; kill -USR2 "$(cat /run/haproxy.pid)"`,
} as const;

test.skipIf(!canStartHosts())(
  "a key for which the whole server's ciphers have nothing is told of before it is ordered, of Apache and of HAProxy, and the real one refuses it and goes back",
  { timeout: 600_000 },
  async () => {
    await using desk = await makeRenewalDesk();
    const servers = ["apache", "haproxy"] as const;
    await using host = await startRenewedHost(desk, servers);
    await using app = await desk.openWithVault();
    for (const server of servers) {
      await actOn(host, RSA_ALONE[server]);
      // The scan may reach the last of the old processes.
      const takesNewest = `openssl s_client -connect ${host.address}:${SERVED[server].port} -tls1_3 </dev/null >/dev/null 2>&1`;
      await expect
        .poll(() => host.run(`if ${takesNewest}; then echo takes; else echo refuses; fi`), {
          timeout: 60_000,
        })
        .toBe("refuses\n");
    }
    await scanServers(app, [host], servers);
    const files = () => host.run("cd /etc/tls; sha256sum *; sha256sum /etc/haproxy/certs/*");
    const before = await files();
    for (const server of servers) {
      const endpoints = [{ host: host.address, port: SERVED[server].port, serverName: null }];
      const request = { kind: "rotate-certificate", issuer: "corp", endpoints, keyKind: "p256" };
      const planned = await makePlan(app, RenewalRequest.parse(request), { postCheckMinutes: 0 });
      expect(planned.plan?.checks).toContainEqual(
        expect.objectContaining({
          state: "acknowledge",
          id: "key-kind",
          text: expect.stringMatching(
            new RegExp(
              `${server} \\(.*\\) refuses an ECDSA key: its ciphers ${SUITE} have none for it, and TLS 1.3 is off`,
            ),
          ),
        }),
      );
      const refused = await carryOut(app, planned);
      expect(refused).toMatchObject({ state: "stopped", failed: 1 });
      expect(refused.message).toMatch(/it was rolled back/);
      expect(await files()).toBe(before);
      const back = await untilStill(app, async () => {
        await app.client.runs.rollBack({ runId: refused.id });
        return refused.id;
      });
      expect(back).toMatchObject({ state: "rolled-back", message: "" });
    }
    expect(await host.run("ls -A /var/lib/latchkey 2>/dev/null || :")).toBe("");
  },
);
