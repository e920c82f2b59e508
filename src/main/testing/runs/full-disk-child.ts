/**
 * Executes a plan with a copy of the database on a small disk. The disk is full from the moment that one file of a host
 * has changed, and has space again once Latchkey only waits for that. Prints, as JSON, what another file was at that
 * time, the state of the run, and how it ended after it was resumed.
 */
import { copyFileSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { createApp } from "#app";
import { carryOut, untilStill } from "./follow.ts";

const { LATCHKEY_TEST_DB: database = "", LATCHKEY_TEST_DISK: disk = "", HOME: home = "" } = process.env;
const { LATCHKEY_TEST_PLAN, LATCHKEY_TEST_FILE: watched = "", LATCHKEY_TEST_OTHER: other = "" } = process.env;

for (const name of readdirSync(dirname(database)).filter((one) => one.startsWith(basename(database))))
  copyFileSync(join(dirname(database), name), join(disk, name));

const ballast = join(disk, "ballast");
const before = readFileSync(watched, "latin1");
let isFull = false;
let atTheWait: { changed: string; other: string; told: string } | null = null;

function fill(): void {
  isFull = true;
  try {
    for (;;) writeFileSync(ballast, Buffer.alloc(64 * 1024), { flag: "a" });
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ENOSPC")) throw error;
  }
}

const app = createApp({
  databasePath: join(disk, basename(database)),
  log: () => undefined,
  workstation: { user: "root", home, agentSocket: null },
  now: () => {
    if (!isFull && readFileSync(watched, "latin1") !== before) fill();
    return new Date();
  },
  retryPolicy: {
    random: Math.random,
    wait: async () => {
      const [run] = (await app.client.runs.list({})).rows;
      const { message: told } = await app.client.runs.find({ runId: run?.id as never });
      atTheWait ??= { changed: readFileSync(watched, "utf8"), other: readFileSync(other, "utf8"), told };
      rmSync(ballast, { force: true });
    },
  },
});
const paused = await carryOut(
  app,
  await app.client.runs.findPlan({ planId: Number(LATCHKEY_TEST_PLAN) as never }),
);
const { rows: entries } = await app.client.runs.entries({ runId: paused.id });
const ended = await untilStill(app, async () => {
  await app.client.runs.resume({ runId: paused.id });
  return paused.id;
});
process.stdout.write(`${JSON.stringify({ atTheWait, paused, entries, ended })}\n`);
await app[Symbol.asyncDispose]();
process.exit(0);
