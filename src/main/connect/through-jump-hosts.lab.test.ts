import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { letIn, makeDesk } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { startNetworks } from "#testing/lab/start-network.ts";

test.skipIf(!canStartHosts())(
  "a host that only the second of two jump hosts can reach is read, each key on the way is checked, and a jump host that has gone is named",
  async () => {
    await using row = await startNetworks("office", "dmz", "inner", "deep");
    const [office, dmz, inner, deep] = row.networks;
    if (!office || !dmz || !inner || !deep) throw new Error("four networks were asked for");
    await using desk = await makeDesk();
    const start = (name: string, network: typeof office) =>
      startHost({ name, place: { network, address: network.address(1) }, prepare: letIn(desk.publicKey) });
    await using first = await start("first", dmz);
    await using second = await start("second", inner);
    await using web = await start("web", deep);
    await writeFile(
      join(desk.home, ".ssh/config"),
      [
        `Host first\nHostName ${first.address}`,
        `Host second\nHostName ${second.address}\nProxyJump first`,
        `Host web\nHostName ${web.address}\nProxyJump second\n`,
      ].join("\n"),
    );
    const scan = async (...options: string[]) => {
      const { out } = await desk.latchkey(["scan", "web", "--json", ...options], { before: office.enter });
      return JSON.parse(out);
    };

    expect(await scan()).toMatchObject({ failures: [{ outcome: "host-key-unknown", jumpHost: "first:22" }] });
    expect(await scan("--accept-new")).toMatchObject({ probes: { ok: 1 }, failures: [] });
    const logins =
      "grep -o 'Accepted publickey for root from [0-9.]*' /var/log/auth.log | grep -o '[0-9.]*$'";
    const cameFrom = async (host: typeof web) => (await host.run(logins)).trim().split("\n");
    expect(await cameFrom(web)).toEqual([expect.stringMatching(/^10\.52\./)]);
    expect(await cameFrom(second)).toEqual([expect.stringMatching(/^10\.51\./)]);
    expect(await cameFrom(first)).toEqual([expect.stringMatching(/^10\.50\./)]);

    await second.run("rm /etc/ssh/ssh_host_*; ssh-keygen -q -A; kill -HUP 1");
    expect(await scan("--accept-new")).toMatchObject({
      failures: [{ target: "web:22", outcome: "host-key-changed", jumpHost: "second:22" }],
    });
    await first[Symbol.asyncDispose]();
    expect(await scan()).toMatchObject({
      failures: [
        { outcome: "jump-failed", jumpHost: "first:22", message: expect.stringContaining("first:22") },
      ],
    });
    expect(await cameFrom(web)).toHaveLength(1);
  },
);

/** Replaces a program that the collector runs: reading this host begins, and does not end. */
const STALLED = `
  printf '#!/bin/sh\\n: > /run/is-being-read\\nexec sleep 600\\n' > /usr/bin/uname.new
  chmod 755 /usr/bin/uname.new
  mv /usr/bin/uname.new /usr/bin/uname
`;

test.skipIf(!canStartHosts())(
  "a jump host that dies while hosts behind it are read is named for each of them, and a host beside it is read whole",
  async () => {
    await using row = await startNetworks("office", "dmz", "inner");
    const [office, dmz, inner] = row.networks;
    if (!office || !dmz || !inner) throw new Error("three networks were asked for");
    await using desk = await makeDesk();
    const start = (name: string, address: string, network: typeof office, more = "") =>
      startHost({ name, place: { network, address }, prepare: letIn(desk.publicKey) + more });
    await using bastion = await start("bastion", dmz.address(1), dmz);
    await using beside = await start("beside", dmz.address(2), dmz);
    await using web1 = await start("web1", inner.address(1), inner, STALLED);
    await using web2 = await start("web2", inner.address(2), inner, STALLED);
    const say = ({ name, address }: typeof web1, more = "") => `Host ${name}\nHostName ${address}\n${more}\n`;
    const behind = [web1, web2].map((host) => say(host, "ProxyJump bastion"));
    await writeFile(join(desk.home, ".ssh/config"), [say(bastion), say(beside), ...behind].join(""));

    const scan = desk.latchkey(["scan", "web1", "web2", "beside", "--accept-new", "--json"], {
      before: office.enter,
    });
    const untilRead = "until [ -e /run/is-being-read ]; do sleep 0.05; done";
    await Promise.all([web1.run(untilRead), web2.run(untilRead)]);
    await bastion[Symbol.asyncDispose]();

    const { state, probes, failures } = JSON.parse((await scan).out);
    expect({ state, probes }).toMatchObject({ state: "finished", probes: { ok: 1 } });
    const lost = { outcome: "jump-failed", jumpHost: "bastion:22" };
    expect(failures).toHaveLength(2);
    for (const target of ["web1:22", "web2:22"])
      expect(failures).toContainEqual(expect.objectContaining({ target, ...lost }));
  },
);

const NGINX = `
rm -rf /etc/nginx; mkdir -p /etc/nginx /srv/tls; cd /srv/tls
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=shop.lab -addext subjectAltName=DNS:shop.lab \\
  -days 90 -keyout shop.key -out shop.pem 2>/dev/null
cat >/etc/nginx/nginx.conf <<'END'
events {}
pid /run/nginx.pid; error_log /dev/null;
http {
  access_log off;
  server {
    listen 8443 ssl;
    server_name shop.lab;
    ssl_certificate /srv/tls/shop.pem;
    ssl_certificate_key /srv/tls/shop.key;
  }
}
END
`;

test.skipIf(!canStartHosts())(
  "an endpoint is of the host that calls itself so and was logged in to at its address, and of none that is logged in to through a jump host",
  async () => {
    await using row = await startNetworks("office", "dmz");
    const [office, dmz] = row.networks;
    if (!office || !dmz) throw new Error("two networks were asked for");
    await using desk = await makeDesk();
    const [at, gate] = [dmz.address(1), dmz.address(2)];
    const prepare = letIn(desk.publicKey);
    await using web = await startHost({
      name: "shop.lab",
      place: { network: dmz, address: at },
      prepare: prepare + NGINX,
    });
    await using gateHost = await startHost({ name: "gate", place: { network: dmz, address: gate }, prepare });
    await web.run("setpriv --pdeathsig KILL nginx -e /dev/null");
    const names = join(desk.home, "hosts");
    await writeFile(names, `${at} web shop.lab\n${gate} gate\n`);
    const there = 'mount --make-rprivate /; mount --bind "$0" /etc/hosts; exec "$@"';
    const before = [...office.enter, "unshare", "-m", "sh", "-c", there, names];
    const findStates = async () => {
      const scan = ["scan", "root@web", "shop.lab:8443", "--accept-new", "--json"];
      const { probes } = JSON.parse((await desk.latchkey(scan, { before })).out);
      expect(probes).toMatchObject({ ok: 2, failed: 0 });
      const { out } = await desk.latchkey(["served", "--json"], { before });
      return (JSON.parse(out) as { served: { state: string }[] }).served.map(({ state }) => state);
    };
    expect(await findStates()).toEqual(["agrees"]);
    await gateHost.run(`echo '${at} web' >>/etc/hosts`);
    await writeFile(join(desk.home, ".ssh/config"), "Host web\nProxyJump root@gate\n");
    expect(await findStates()).toEqual(["not-seen"]);
  },
);
