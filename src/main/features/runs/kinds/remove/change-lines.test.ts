import { expect, test } from "vitest";
import { findForeign, type RemoveRun } from "./change-lines.ts";

test("an undo of a removal whose host cannot be reached changes nothing, and says why", async () => {
  const run = {
    plan: { hosts: [{ removes: [{ account: "app" }] }] },
    sessions: { of: async () => ({ kind: "not-connected", message: "web1 did not answer" }) },
  } as unknown as RemoveRun;
  expect(await findForeign(run)).toEqual([{ kind: "described", text: "web1 did not answer" }]);
});
