/**
 * Loaded into a program by NODE_OPTIONS=--import: at its end it says, as a line of JSON into $LOOP_REPORT, how long its
 * event loop stood still at most (ms), how much of the processor one turn of it took at most (ms), and how much memory
 * the program took at most (MiB). On a busy machine a loop stands still for want of a processor, too, or of a disk.
 */
import { writeFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import { isMainThread } from "node:worker_threads";

const STEP_MS = 5;
// Threads of the program are to load it, too; it is about the loop that holds the connections.
const file = isMainThread ? process.env.LOOP_REPORT : undefined;
const delays = monitorEventLoopDelay({ resolution: STEP_MS });
let busyMs = 0;
// What it takes to load the program is not what hosts can make it do.
setTimeout(watch, 1_000).unref();
process.on("exit", () => {
  const stallMs = Math.max(0, delays.max / 1e6 - STEP_MS);
  const peakMib = process.resourceUsage().maxRSS / 1_024;
  if (file) writeFileSync(file, JSON.stringify({ stallMs, busyMs, peakMib }));
});

function watch() {
  delays.enable();
  let before = process.threadCpuUsage();
  setInterval(() => {
    const now = process.threadCpuUsage();
    busyMs = Math.max(busyMs, (now.user + now.system - before.user - before.system) / 1_000);
    before = now;
  }, STEP_MS).unref();
}
