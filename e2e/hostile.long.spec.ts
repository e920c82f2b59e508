import { test } from "./latchkey.ts";
import { tryEveryScreen } from "./pages/hostile-screens.ts";

test("whatever strangers wrote, in no drawer either does it run, leave the page, or move a row or a column", async ({
  openDatabase,
}) => {
  test.setTimeout(600_000);
  await tryEveryScreen({ openDatabase, everyDrawer: 1, most: Infinity });
});
