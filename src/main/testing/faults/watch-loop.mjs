/**
 * Loaded into a program by NODE_OPTIONS=--import: at its end it says, as a line of JSON into $LOOP_REPORT, how long its
 * event loop stood still at most (ms), and how much memory it took at most (MiB).
 */
import { writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";

const STEP_MS = 5;
const file = process.env.LOOP_REPORT;
const delays = monitorEventLoopDelay({ resolution: STEP_MS });
// What it takes to load the program is not what hosts can make it do.
setTimeout(() => delays.enable(), 1_000).unref();
process.on("exit", () => {
  const stallMs = Math.max(0, delays.max / 1e6 - STEP_MS);
  const peakMib = process.resourceUsage().maxRSS / 1_024;
  if (file) writeFileSync(file, JSON.stringify({ stallMs, peakMib }));
});
