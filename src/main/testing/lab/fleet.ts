/**
 * A fleet of lab hosts in networks of our own, which ssh_config describes and no target list contains:
 *
 *   office (the scanning computer)  -  dmz (jump1, jump2)  -  inner (everything else)
 *
 * A third is behind jump1, a third behind jump2, and a third behind both, one after the other.
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { type Desk, letIn } from "./desk.ts";
import { type LabHost, startHost } from "./start-host.ts";
import { type Network, startNetworks } from "./start-network.ts";

/** What a hostile host does instead of executing a command: the command that its sshd forces. */
export type Hostile = { name: string; command: string };

export type Fleet = AsyncDisposable & {
  office: Network;
  jumpHosts: LabHost[];
  /** Hosts behind the jump hosts, healthy and hostile. */
  hosts: LabHost[];
};

const WAYS = ["jump1", "jump2", "jump1,jump2"];
/** Started together, because each makes its host keys first. */
const STARTED_AT_ONCE = 8;

/** Starts jump hosts, this many healthy hosts and the hostile ones. sshd's penalties stay at their defaults. */
export async function startFleet(
  desk: Desk,
  { healthy, hostile }: { healthy: number; hostile: readonly Hostile[] },
): Promise<Fleet> {
  const stack = new AsyncDisposableStack();
  try {
    const [office, dmz, inner] = stack.use(await startNetworks("office", "dmz", "inner")).networks;
    if (!office || !dmz || !inner) throw new Error("three networks were asked for");
    const start = async (name: string, network: Network, index: number, command = "") => {
      const options = command ? `restrict,command="${command}" ` : "";
      const prepare = letIn(`${options}${desk.publicKey}`);
      const place = { network, address: network.address(index) };
      return stack.use(await startHost({ name, prepare, place, keepPenalties: true }));
    };
    const jumpHosts = await Promise.all([start("jump1", dmz, 1), start("jump2", dmz, 2)]);
    const wishes = [...nameHealthy(healthy), ...hostile];
    const hosts: LabHost[] = [];
    for (let from = 0; from < wishes.length; from += STARTED_AT_ONCE) {
      const some = wishes.slice(from, from + STARTED_AT_ONCE);
      hosts.push(
        ...(await Promise.all(
          some.map(({ name, command }, index) => start(name, inner, from + index + 1, command)),
        )),
      );
    }
    return { office, jumpHosts, hosts, [Symbol.asyncDispose]: () => stack.disposeAsync() };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

const nameHealthy = (count: number): Hostile[] =>
  Array.from({ length: count }, (_, index) => ({ name: `web${index + 1}`, command: "" }));

/** Writes ~/.ssh/config for the jump hosts and these hosts; the first two come first, the others in the order given. */
export async function describeFleet(desk: Desk, fleet: Fleet, hosts: readonly LabHost[]): Promise<void> {
  const block = ({ name, address }: LabHost, way: string | undefined) =>
    [`Host ${name}`, `  HostName ${address}`, ...(way ? [`  ProxyJump ${way}`] : [])].join("\n");
  const jumps = fleet.jumpHosts.map((host) => block(host, undefined));
  const behind = hosts.map((host, index) => block(host, WAYS[index % WAYS.length]));
  const config = [...jumps, ...behind, "Host *\n  User root"].join("\n\n");
  await writeFile(join(desk.home, ".ssh/config"), `${config}\n`);
}
