import { expect, test } from "vitest";
import { RenewalRequest } from "#shared/contract/runs.ts";
import { letIn, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { carryOut, makePlan, untilStill } from "#testing/runs/follow.ts";
import { makeRenewalDesk } from "#testing/runs/renewal-desk.ts";
import { showLeaf } from "#testing/runs/watch-hosts.ts";

const PREPARE = `
mkdir -p /etc/ssl/own; cd /etc/ssl/own
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=own.lab -addext subjectAltName=DNS:own.lab \\
  -days 30 -keyout own.key -out own.pem 2>/dev/null
cat > /usr/local/bin/own-server <<'END'
#!/bin/sh
[ ! -f /run/own.pid ] || kill "$(cat /run/own.pid)"
openssl s_server -accept "$(cat /run/own.address):9444" -cert /etc/ssl/own/own.pem -key /etc/ssl/own/own.key -www \\
  $(cat /run/own.more) </dev/null >/dev/null 2>&1 &
echo $! > /run/own.pid
END
chmod +x /usr/local/bin/own-server
`;

test.skipIf(!canStartHosts())(
  "a server that is not known by itself gets a new certificate by what its user has said of it, once that is agreed to and it sends what leads to the root as well",
  { timeout: 240_000 },
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startHost({ name: "own", prepare: `${letIn(desk.publicKey)}\n${PREPARE}` });
    // The server serves the leaf alone, whatever else is in its file.
    await host.run(`echo ${host.address} > /run/own.address; : > /run/own.more; own-server
      until openssl s_client -connect ${host.address}:9444 </dev/null >/dev/null 2>&1; do sleep 0.1; done`);
    await using app = await desk.openWithVault();
    await scanAll(app, { text: `root@${host.address}\n${host.address}:9444`, acceptNew: true });
    const at = { host: host.address, port: 9444 };
    const request = { kind: "rotate-certificate", endpoints: [at], issuer: "corp" } as const;
    const bare = await makePlan(app, RenewalRequest.parse(request), { postCheckMinutes: 0 });
    expect(bare.plan?.leftOut).toEqual([expect.stringMatching(/CN=own.lab: no server whose configuration/)]);
    const described = {
      keyFile: "/etc/ssl/own/own.key",
      test: "openssl pkey -in /etc/ssl/own/own.key -noout",
      reload: "own-server",
    };
    const plan = (keyFile = described.keyFile) =>
      makePlan(app, RenewalRequest.parse({ ...request, described: { ...described, keyFile } }), {
        postCheckMinutes: 0,
      });
    await host.run(
      "cd /etc/ssl/own; openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other.key",
    );
    expect((await plan("/etc/ssl/own/other.key")).plan?.leftOut).toEqual([
      expect.stringContaining(
        "CN=own.lab: the private key in /etc/ssl/own/other.key is not the certificate's own",
      ),
    ]);
    const planned = await plan();
    expect(planned.plan?.checks.filter(({ state }) => state === "acknowledge")).toMatchObject([
      { id: "trust" },
      { id: "described" },
    ]);
    const before = await host.run("sha256sum /etc/ssl/own/own.*");
    const alone = await carryOut(app, planned);
    expect(alone).toMatchObject({ state: "stopped", failed: 1 });
    expect(alone.message).toMatch(
      /:9444\S* serves the new one without what leads to its root: corp .*; it was rolled back/,
    );
    expect(await host.run("sha256sum /etc/ssl/own/own.*")).toBe(before);
    await untilStill(app, async () => {
      await app.client.runs.rollBack({ runId: alone.id });
      return alone.id;
    });
    await host.run("echo -cert_chain /etc/ssl/own/own.pem > /run/own.more");
    const ended = await carryOut(app, await plan());
    expect(ended).toMatchObject({ state: "committed", message: "" });
    expect(await showLeaf(at)).toEqual({ leaf: ended.orders[0]?.sha256 });
  },
);
