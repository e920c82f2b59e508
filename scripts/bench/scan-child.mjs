/** Scans endpoints into a database in a process of its own, and tells what it took: `scan-child.mjs APP DATABASE TARGETS`. */
import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { scanAll } from "./scan-all.mjs";

const [app, databasePath, targets] = process.argv.slice(2);
const { createApp } = await import(app);
const workstation = { user: "root", home: dirname(databasePath), agentSocket: null };
const before = process.cpuUsage();
await using started = createApp({ databasePath, workstation });
const ok = await scanAll(started.client, readFileSync(targets, "utf8"));
const { user, system } = process.cpuUsage(before);
process.send({
  ok,
  cpuUs: user + system,
  /** The most memory that was ever resident, and what of it is no file that other programs share, at the end. */
  peakBytes: readStatus("VmHWM"),
  ownBytes: readStatus("RssAnon"),
});

function readStatus(name) {
  const kilobytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(
    readFileSync("/proc/self/status", "utf8"),
  )?.[1];
  return Number(kilobytes) * 1_024;
}
