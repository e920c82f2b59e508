/** CPU time, which other work on the machine stretches far less than wall time. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Of this process, all its threads, while `work` runs: microseconds. */
export async function ownCpu(work) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}

/** Of all processes that these shell commands make, so many at a time: microseconds. Each has to succeed. */
export async function childCpu(commands, atATime) {
  const lines = commands.map((command, index) =>
    (index + 1) % atATime === 0 ? `${command} & pids="$pids $!"; await` : `${command} & pids="$pids $!"`,
  );
  const script = `await() { for pid in $pids; do wait $pid || exit 1; done; pids=; }\n${lines.join("\n")}\nawait\ntimes`;
  // Thousands of commands are too much for an argument.
  const shell = run("sh", ["-s"]);
  shell.child.stdin.end(script);
  const { stdout } = await shell;
  const [user, system] = stdout.trim().split("\n")[1].split(" ").map(toMicroseconds);
  return user + system;
}

const toMicroseconds = (text) => {
  const [, minutes, seconds] = /^(\d+)m([\d.]+)s$/.exec(text);
  return (Number(minutes) * 60 + Number(seconds)) * 1e6;
};

/** What each of these ways costs in the cheapest of so many rounds, taken in turns: a busy machine only adds to it. */
export async function cheapest(ways, rounds) {
  const costs = Object.fromEntries(Object.keys(ways).map((name) => [name, Number.POSITIVE_INFINITY]));
  for (let round = 0; round < rounds; round++) {
    for (const [name, measure] of Object.entries(ways)) costs[name] = Math.min(costs[name], await measure());
  }
  return costs;
}

/** What takes longer than this in all is not run so often. */
const MOST_RUNS_MS = 2_000;

/** CPU of the 95th of a hundred runs of work that is done at once: milliseconds. The first run only warms up. */
export function p95(work, times) {
  work();
  const costs = [];
  for (let spent = 0; costs.length < times && spent < MOST_RUNS_MS; spent += costs.at(-1)) {
    const before = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(before);
    costs.push((user + system) / 1_000);
  }
  return costs.toSorted((one, other) => one - other)[Math.ceil(costs.length * 0.95) - 1];
}

/** Calls `work` for every item, so many at a time. */
export async function inTurns(items, atATime, work) {
  const left = items.values();
  await Promise.all(
    Array.from({ length: atATime }, async () => {
      for (const item of left) await work(item);
    }),
  );
}

export function say(line) {
  process.stdout.write(`${line}\n`);
}
