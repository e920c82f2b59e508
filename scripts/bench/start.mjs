import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { cheapest, childCpu } from "./measure.mjs";

const run = promisify(execFile);
const ROUNDS = 4;
/** One start takes less than the clock of the shell can tell. */
const STARTS = 10;

/** From the start of the process to the first page of certificates on the terminal, as CPU. */
export async function measureStart(path) {
  const what = "start to first page, CPU";
  const peer = "node -e 0";
  const latchkey = `${process.execPath} out/main/latchkey.js --db ${path} certificates --limit 100 >/dev/null`;
  const missing = await run("sh", ["-c", latchkey]).then(
    () => null,
    () => "the program is not built",
  );
  if (missing) return { what, peer, missing };
  const ways = {
    ours: () => childCpu(Array(STARTS).fill(latchkey), 1),
    node: () => childCpu(Array(STARTS).fill(`${process.execPath} -e 0`), 1),
  };
  const costs = await cheapest(ways, ROUNDS);
  const [ours, theirs] = [costs.ours, costs.node].map((cost) => cost / STARTS / 1_000);
  return { what, peer, ours, theirs, unit: "ms", most: 1.5 };
}
