import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { letIn, makeDesk, scanAll } from "#testing/lab/desk.ts";
import { canStartHosts, startHost } from "#testing/lab/start-host.ts";
import { startSocksProxy } from "#testing/proxies/proxies.ts";
import { startApacheProxy, startSshProxy } from "#testing/proxies/real-proxies.ts";
import { findClosedEndpoint, startTlsServer } from "#testing/servers.ts";

const LOGINS = "grep -c 'Accepted publickey for root' /var/log/auth.log || true";

test.skipIf(!canStartHosts())(
  "endpoints behind a jump host are read through one login of it, which is remembered, and its key is checked",
  async () => {
    await using desk = await makeDesk();
    await using jump = await startHost({ name: "jump", prepare: letIn(desk.publicKey) });
    await using first = await startTlsServer();
    await using second = await startTlsServer();
    const closed = await findClosedEndpoint();
    await using app = desk.open();
    const text = [first.endpoint, second.endpoint, closed].map(({ port }) => `127.0.0.1:${port}`).join(" ");
    const way = `ssh://root@${jump.address}`;

    const unknown = await scanAll(app, { text, proxy: way });
    expect(unknown.map(({ outcome }) => outcome)).toEqual(Array(3).fill("jump-failed"));
    expect(unknown[0]?.message).toContain(jump.address);
    expect((await jump.run(LOGINS)).trim()).toBe("0");

    const met = await scanAll(app, { text, proxy: way, acceptNew: true });
    const byPort = (probes: typeof met) =>
      Object.fromEntries(probes.map(({ target, outcome }) => [target.port, outcome]));
    const expected = {
      [first.endpoint.port]: "presented",
      [second.endpoint.port]: "presented",
      [closed.port]: "refused",
    };
    expect(byPort(met)).toEqual(expected);
    expect((await jump.run(LOGINS)).trim()).toBe("1");
    const known = await app.client.endpoints.find({ ...first.endpoint, serverName: null, protocol: "tls" });
    expect(known.facts).toMatchObject({ "reached through": `ssh://${jump.address}:22`, version: "TLS 1.3" });

    // The request names no proxy any more: each endpoint is probed by the proxy that is stored for it.
    expect(byPort(await scanAll(app, { text: "" }))).toEqual(expected);
    expect((await jump.run(LOGINS)).trim()).toBe("2");
  },
);

test.skipIf(!canStartHosts())(
  "OpenSSH as SOCKS5 proxy and Apache as HTTP proxy lead to endpoints, and say what they do not reach",
  async () => {
    await using desk = await makeDesk();
    await using host = await startHost({ name: "proxy", prepare: letIn(desk.publicKey) });
    await using server = await startTlsServer();
    const closed = await findClosedEndpoint();
    const keyPath = join(desk.home, ".ssh/id_ed25519");
    await using ssh = await startSshProxy({ address: host.address, keyPath });
    await using apache = await startApacheProxy(desk.home, server.endpoint.port);
    await using app = desk.open();
    const text = `127.0.0.1:${server.endpoint.port} 127.0.0.1:${closed.port}`;
    const told: Record<string, string[]> = {};
    for (const [kind, { endpoint }] of Object.entries({ socks5: ssh, http: apache })) {
      const probes = await scanAll(app, { text, proxy: `${kind}://${endpoint.host}:${endpoint.port}` });
      const ofPort = (port: number) => probes.find(({ target }) => target.port === port)?.outcome ?? "";
      told[kind] = [ofPort(server.endpoint.port), ofPort(closed.port)];
    }
    expect(told).toEqual({ socks5: ["presented", "proxy-failed"], http: ["presented", "proxy-failed"] });
  },
);

test("a proxy's password is asked for once a scan, and is nowhere afterwards", async () => {
  await using desk = await makeDesk();
  const login = { user: "jo", password: "canary-of-the-proxy" };
  await using proxy = await startSocksProxy({ login });
  await using first = await startTlsServer();
  await using second = await startTlsServer();
  {
    await using app = desk.open();
    const { host, port } = proxy.endpoint;
    const text = `127.0.0.1:${first.endpoint.port} 127.0.0.1:${second.endpoint.port}`;
    const announcements = await app.client.events.watch();
    const { scanId } = await app.client.scans.start({
      text,
      proxy: `socks5://jo@${host}:${port}`,
      mayPrompt: true,
    });
    const asked: string[] = [];
    for await (const announced of announcements) {
      if (announced.kind === "scan-finished") break;
      if (announced.kind !== "scan-prompts") continue;
      for (const { id, about } of await app.client.scans.prompts({ scanId })) {
        asked.push(about.kind);
        await app.client.scans.answer({ scanId, promptId: id, answers: [login.password] });
      }
    }
    expect(asked).toEqual(["proxy"]);
    expect(await app.client.scans.find({ scanId })).toMatchObject({ ok: 2, failed: 0 });
    expect(await app.client.targets.list()).toMatchObject([{ route: `socks5://jo@${host}:${port}` }, {}]);
    const refused = app.client.scans.start({ text, proxy: `socks5://jo:${login.password}@${host}:${port}` });
    await expect(refused).rejects.toThrow("has a password in it, which would be kept");
  }
  for (const name of (await readdir(desk.home)).filter((file) => file.startsWith("latchkey.db")))
    expect((await readFile(join(desk.home, name))).toString("latin1")).not.toContain("canary");
});
