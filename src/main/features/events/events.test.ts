import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import { createEvents } from "./index.ts";

test("what is announced after the call is heard, even before anyone reads", async () => {
  const { announce, procedures } = createEvents();
  const announcements = await createRouterClient(procedures).watch();
  announce({ kind: "targets-changed" });
  announce({ kind: "pins-changed" });
  expect((await announcements.next()).value).toEqual({ kind: "targets-changed" });
  expect((await announcements.next()).value).toEqual({ kind: "pins-changed" });
  await announcements.return?.();
});
