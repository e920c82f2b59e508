import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { canStartHosts, startHost } from "./start-host.ts";
import { startNetworks } from "./start-network.ts";

test.runIf(canStartHosts())(
  "each network reaches its neighbours and nobody further, and a fault in one is its own",
  async () => {
    const { networks, [Symbol.asyncDispose]: stop } = await startNetworks("office", "dmz", "inner");
    const [office, dmz, inner] = networks;
    if (!office || !dmz || !inner) throw new Error("three networks were asked for");
    await using jump = await startHost({ name: "jump", place: { network: dmz, address: dmz.address(1) } });
    await using far = await startHost({
      name: "far",
      place: { network: inner, address: inner.address(300) },
    });
    const greetingOf = (network: typeof office, address: string) =>
      network.run(
        `timeout 1 bash -c 'read -r line < /dev/tcp/${address}/22 && echo "$line"' 2>&1 || echo none`,
      );

    expect([jump.address, far.address]).toEqual(["10.51.1.1", "10.52.2.50"]);
    expect(await greetingOf(office, jump.address)).toContain("SSH-2.0-OpenSSH");
    expect(await greetingOf(dmz, far.address)).toContain("SSH-2.0-OpenSSH");
    expect(await greetingOf(office, far.address)).toContain("none");
    await inner.run(
      "nft 'add table ip t; add chain ip t in { type filter hook input priority 0; policy drop; }'",
    );
    expect(await greetingOf(dmz, far.address)).toContain("none");
    expect(await greetingOf(office, jump.address)).toContain("SSH-2.0-OpenSSH");

    await stop();
    await expect(readFile(`/proc/${office.pid}/comm`)).rejects.toThrow();
  },
);
