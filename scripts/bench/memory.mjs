/**
 * How much memory a scan of ten thousand endpoints takes, in a process of its own. Needs nginx, and as many descriptors.
 *
 *     npm run bench -- memory          or alone, and smaller:  npm exec -c 'node scripts/bench/memory.mjs 1000'
 */
import { report } from "./figures.mjs";
import { measureScan } from "./measure-scan.mjs";

const count = Number(process.argv[2] ?? 10_000);
const MOST_MB = 200;

const { ok, peakBytes } = await measureScan(count);
const { peakBytes: least } = await measureScan(1);
report({
  what: `scan of ${ok.toLocaleString("en")} endpoints, most memory`,
  ours: peakBytes / 1e6,
  peer: "a scan of one",
  theirs: least / 1e6,
  unit: "MB",
  mostItself: MOST_MB,
});
