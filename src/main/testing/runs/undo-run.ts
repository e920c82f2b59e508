import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { App } from "#app";
import type { RunDetail } from "#shared/model/runs/run.ts";
import type { Desk } from "#testing/lab/desk.ts";
import { untilStill } from "./follow.ts";

/** Of a plan whose run can be undone for a day. */
export const UNDOABLE = { undoHours: 24 };

/** Undoes a finished run, and waits until it stands still. */
export const undo = (app: App, runId: RunDetail["id"]): Promise<RunDetail> =>
  untilStill(app, async () => {
    await app.client.runs.undo({ runId });
    return runId;
  });

/** The private key of the desk, and its public key. */
export const readKeysHere = (desk: Desk): Promise<string[]> =>
  Promise.all(["", ".pub"].map((end) => readFile(join(desk.home, `.ssh/id_ed25519${end}`), "utf8")));
