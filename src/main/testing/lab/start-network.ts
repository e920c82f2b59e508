/**
 * Networks of our own: a row of them, each with neighbours left and right and no other route. Nothing of this machine's
 * own network is touched, and all of it is gone with the process that made it.
 *
 *   office 10.50.0.0/16  -  dmz 10.51.0.0/16  -  inner 10.52.0.0/16
 *
 * Every address of its range is the network's own, so any number of hosts can listen there (startHost, `place`).
 * A fault is made inside one, by `run`: "nft ...", "tc qdisc ..." on its interfaces `left` and `right`.
 */
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readlinkSync } from "node:fs";
import { promisify } from "node:util";

const run = promisify(execFile);

export type Network = {
  name: string;
  /** A process in it, which keeps the network alive. */
  pid: number;
  /** The words before a command that make it run in the network. */
  enter: readonly string[];
  /** The nth address of its range, from 1 on. */
  address(index: number): string;
  /** Runs POSIX sh as root in it, with this machine's files; returns what it printed. */
  run(script: string): Promise<string>;
};

/** Creates networks in a row; each has routes to its neighbours, and none forwards. */
export async function startNetworks(
  ...names: readonly string[]
): Promise<AsyncDisposable & { networks: Network[] }> {
  const started: Awaited<ReturnType<typeof startNetwork>>[] = [];
  const stop = async () => {
    for (const { end } of started) await end();
  };
  try {
    for (const [index, name] of names.entries()) {
      const network = await startNetwork(name, index);
      const before = started.at(-1);
      started.push(network);
      if (before) await join(before, network);
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return { networks: started.map(({ network }) => network), [Symbol.asyncDispose]: stop };
}

const HOLD = "ip link set lo up && echo up && exec sleep infinity";

async function startNetwork(name: string, index: number) {
  const holder = spawn("setpriv", ["--pdeathsig", "KILL", "unshare", "--net", "sh", "-c", HOLD], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(holder, "exit").then(() => {
    throw new Error(`the network ${name} did not start`);
  });
  ended.catch(() => undefined);
  await Promise.race([once(holder.stdout, "data"), ended]);
  const pid = holder.pid ?? 0;
  // What runs inside changes packet filters and routes: never those of this machine.
  if (readlinkSync(`/proc/${pid}/ns/net`) === readlinkSync("/proc/self/ns/net"))
    throw new Error(`the network ${name} is this machine's own`);
  const enter = ["nsenter", "-t", String(pid), "-n"];
  const prefix = `10.${50 + index}`;
  const network: Network = {
    name,
    pid,
    enter,
    address: (nth) => `${prefix}.${1 + Math.floor((nth - 1) / 250)}.${1 + ((nth - 1) % 250)}`,
    run: async (script) => {
      const [command = "", ...words] = enter;
      const { stdout } = await run(command, [...words, "sh", "-euc", script], {
        maxBuffer: 16 * 1024 * 1024,
      });
      return stdout;
    },
  };
  await network.run(`ip addr add ${prefix}.0.1/32 dev lo; ip route add local ${prefix}.0.0/16 dev lo`);
  return {
    network,
    prefix,
    async end() {
      const exit = holder.exitCode === null && holder.signalCode === null ? once(holder, "exit") : null;
      holder.kill("SIGKILL");
      await exit;
    },
  };
}

type End = { network: Network; prefix: string };

/** A cable between two of them: `right` of the one, `left` of the other. */
async function join(left: End, right: End): Promise<void> {
  await left.network.run(`ip link add right type veth peer name left netns ${right.network.pid}`);
  const plug = ({ network, prefix }: End, link: string, other: End) =>
    network.run(`ip link set ${link} up; ip route add ${other.prefix}.0.0/16 dev ${link} src ${prefix}.0.1`);
  await Promise.all([plug(left, "right", right), plug(right, "left", left)]);
}
