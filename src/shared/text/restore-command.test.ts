import { expect, test } from "vitest";
import { formatRestoreCommand } from "./restore-command.ts";

test("the command to restore names its database, and can be pasted", () => {
  expect(formatRestoreCommand("/srv/latchkey.db", "latest")).toBe(
    "latchkey --db /srv/latchkey.db database restore latest",
  );
  expect(formatRestoreCommand("/Users/jo/Application Support/it's.db", "latest")).toBe(
    "latchkey --db '/Users/jo/Application Support/it'\\''s.db' database restore latest",
  );
});
