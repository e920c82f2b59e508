import { test } from "./latchkey.ts";
import { tryEveryScreen } from "./pages/hostile-screens.ts";

test("whatever strangers wrote, on no screen does it run, leave the page, or move a row or a column", async ({
  openDatabase,
}) => {
  // A limit for a test that hangs: it examines some thousand rows.
  test.setTimeout(600_000);
  await tryEveryScreen({ openDatabase, everyDrawer: 100, most: 1 });
});
