import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { canStartHosts } from "#testing/lab/start-host.ts";
import { SERVED } from "#testing/lab/start-servers-host.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeRenewalDesk, PASSPHRASE, scanServers, startRenewedHost } from "#testing/runs/renewal-desk.ts";
import { startPebble } from "#testing/servers/pebble.ts";

const SERVERS = ["nginx", "apache", "postfix"] as const;

test.runIf(canStartHosts())(
  "nginx, Apache and Postfix are each renewed by an ACME directory with one command, and the second time it is told whose place is taken",
  { timeout: 400_000 },
  async () => {
    await using desk = await makeRenewalDesk();
    await using host = await startRenewedHost(desk, SERVERS);
    await using pebble = await startPebble({ folder: desk.home, httpPort: 80 });
    await Promise.all(
      SERVERS.map((server) => pebble.tell("add-a", { host: `${server}.lab.`, addresses: [host.address] })),
    );
    const scan = async () => {
      await using app = await desk.openWithVault();
      await scanServers(app, [host], SERVERS);
      return (await app.client.served.list({})).rows;
    };
    await scan();
    const secret = join(desk.home, "passphrase");
    await writeFile(secret, `${PASSPHRASE}\n`, { mode: 0o600 });
    const vault = ["--vault-passphrase-file", secret];
    const type = openTerminal(desk.databasePath, {
      workstation: { user: "root", home: desk.home, agentSocket: null },
    });
    const at = ["--directory", pebble.directory, "--roots", pebble.rootsPath];
    const added = await type("issuers", "add", "acme", "pebble", ...at, "--agree-terms", ...vault);
    expect(added).toMatchObject({ code: 0, err: "" });

    const renew = async (server: (typeof SERVERS)[number]) => {
      const named = `${host.address}:${SERVED[server].port}`;
      const issuer = ["--issuer", `acme:${pebble.directory}`];
      const command = [
        "rotate",
        "certificate",
        named,
        ...issuer,
        "--post-check",
        "0",
        "--apply",
        "--yes",
        "--acknowledge",
        "narrower",
        "--acknowledge",
        "trust",
      ];
      const { out, err } = await type(...command, ...vault);
      expect(`${out}\n${err}`).toContain("is committed");
      const row = (await scan()).find(({ port }) => port === SERVED[server].port);
      const sha256 = row?.certificate?.sha256 ?? "none";
      expect(out).toContain(sha256.slice(0, 16));
      return sha256;
    };
    const renewed = [await renew("nginx"), await renew("apache"), await renew("postfix")];
    expect(pebble.countReplaced()).toBe(0);
    renewed.push(await renew("postfix"));
    expect(pebble.countReplaced()).toBe(1);
    expect(new Set(renewed).size).toBe(renewed.length);
  },
);
