import { expect, test } from "vitest";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import type { Store } from "./store.ts";
import { START } from "./testing/make-visit.ts";
import { openFile } from "./testing/open-file.ts";

test("an event can be neither changed nor removed, and one that was forged breaks the chain", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  appendThree(database.store);
  expect(database.store.events.findBreak()).toBeNull();
  expect(() => database.write("DELETE FROM event")).toThrow("event is append-only");
  expect(() => database.write("UPDATE event SET at = ''")).toThrow("event is append-only");

  database.write("DROP TRIGGER event_is_never_changed");
  database.write("UPDATE event SET detail = '{}' WHERE id = 2");
  expect(database.store.events.findBreak()).toBe(2);
});

test.each([1, 2, 3])("event %i is missed when it is removed, even the last", async (id) => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  appendThree(database.store);
  database.write("DROP TRIGGER event_is_never_removed");
  database.write(`DELETE FROM event WHERE id = ${id}`);
  expect(database.store.events.findBreak()).toBe(id);
});

function appendThree({ events }: Store): void {
  for (const scanId of [1, 2, 3]) events.append({ at: START, kind: "scan-started", detail: { scanId } });
}
