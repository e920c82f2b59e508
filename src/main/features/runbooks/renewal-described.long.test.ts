import { expect, test } from "vitest";
import { RenewalWish } from "#shared/contract/runbooks.ts";
import { letIn, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { carryOut, makePlan } from "#testing/runbooks/follow.ts";
import { makeRenewalDesk } from "#testing/runbooks/renewal-desk.ts";
import { showLeaf } from "#testing/runbooks/watch-served.ts";

const PREPARE = `
mkdir -p /etc/ssl/own; cd /etc/ssl/own
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=own.lab -addext subjectAltName=DNS:own.lab \\
  -days 30 -keyout own.key -out own.pem 2>/dev/null
cat > /usr/local/bin/own-server <<'END'
#!/bin/sh
[ ! -f /run/own.pid ] || kill "$(cat /run/own.pid)"
setpriv --pdeathsig KILL openssl s_server -accept "$(cat /run/own.address):9444" -cert /etc/ssl/own/own.pem -key /etc/ssl/own/own.key -www \\
  </dev/null >/dev/null 2>&1 &
echo $! > /run/own.pid
END
chmod +x /usr/local/bin/own-server
`;

test.skipIf(!canStartHosts())(
  "a server that is not known by itself gets a new certificate by what its user has said of it, once that is agreed to",
  { timeout: 240_000 },
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startHost({ name: "own", prepare: `${letIn(desk.publicKey)}\n${PREPARE}` });
    await host.run(`echo ${host.address} > /run/own.address; own-server
      until openssl s_client -connect ${host.address}:9444 </dev/null >/dev/null 2>&1; do sleep 0.1; done`);
    await using app = await desk.openWithVault();
    await scanAll(app, { text: `root@${host.address}\n${host.address}:9444`, acceptNew: true });
    const at = { host: host.address, port: 9444 };
    const wish = { kind: "rotate-certificate", endpoints: [at], issuer: "corp" } as const;
    const bare = await makePlan(app, RenewalWish.parse(wish), { recheckMinutes: 0 });
    expect(bare.plan?.leftOut).toEqual([expect.stringMatching(/CN=own.lab: no server whose configuration/)]);
    const described = {
      keyFile: "/etc/ssl/own/own.key",
      test: "openssl pkey -in /etc/ssl/own/own.key -noout",
      reload: "own-server",
    };
    const planned = await makePlan(app, RenewalWish.parse({ ...wish, described }), { recheckMinutes: 0 });
    expect(planned.plan?.checks.filter(({ state }) => state === "consent")).toMatchObject([
      { id: "described" },
    ]);
    const ended = await carryOut(app, planned);
    expect(ended).toMatchObject({ state: "committed", message: "" });
    expect(await showLeaf(at)).toEqual({ leaf: ended.orders[0]?.sha256 });
  },
);
