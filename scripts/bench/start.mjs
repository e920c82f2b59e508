import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { cheapest, childCpu } from "./measure.mjs";

const run = promisify(execFile);
const ROUNDS = 10;

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
    ours: () => childCpu([latchkey], 1),
    node: () => childCpu([`${process.execPath} -e 0`], 1),
  };
  const { ours, node } = await cheapest(ways, ROUNDS);
  return { what, peer, ours: ours / 1_000, theirs: node / 1_000, unit: "ms", most: 1.5 };
}
