/**
 * How much memory a scan of ten thousand endpoints takes, in a process of its own. Needs nginx, and as many descriptors.
 *
 *     npm run bench -- memory          or alone, and smaller:  npm exec -c 'node scripts/bench/memory.mjs 1000'
 */
import { report } from "./figures.mjs";
import { measureScan } from "./measure-scan.mjs";

const count = Number(process.argv[2] ?? 10_000);
const MOST_MB = 200;

const { ok, ...many } = await measureScan(count);
const one = await measureScan(1);
const what = `scan of ${ok.toLocaleString("en")} endpoints`;
const rest = { peer: "a scan of one", unit: "MB" };
report(
  {
    what: `${what}, most memory`,
    ...rest,
    mostItself: MOST_MB,
    ours: many.peakBytes / 1e6,
    theirs: one.peakBytes / 1e6,
  },
  {
    what: `${what}, memory of its own at the end`,
    ...rest,
    ours: many.ownBytes / 1e6,
    theirs: one.ownBytes / 1e6,
  },
);
