/** Scans endpoints into a database in a process of its own, and tells what it took: `scan-child.mjs APP DATABASE TARGETS`. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { scanAll } from "./scan-all.mjs";

const [app, databasePath, targets] = process.argv.slice(2);
const { createApp } = await import(app);
const workstation = { user: "root", home: dirname(databasePath), agentSocket: null };
const before = process.cpuUsage();
const ok = await (async () => {
  await using started = createApp({ databasePath, workstation });
  return await scanAll(started.client, readFileSync(targets, "utf8"));
})();
const { user, system } = process.cpuUsage(before);
process.send({ ok, cpuUs: user + system, peakBytes: readPeak() });

/** The most memory that was ever resident. */
function readPeak() {
  const kilobytes = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  return Number(kilobytes) * 1_024;
}
