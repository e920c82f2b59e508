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
