import { expect } from "../latchkey.ts";
import type { Frame } from "./frame.ts";
import type { ListScreen } from "./list-screen.ts";

/** Goes to a row, into its drawer and out again, and to the search, by keys alone. The list has a row. */
export async function goByKeys(frame: Frame, list: ListScreen): Promise<void> {
  await frame.press("j");
  await expect(list.rows.first()).toBeFocused();
  await frame.press("Enter");
  await expect(list.drawer).toBeFocused();
  await frame.press("Escape");
  await expect(list.drawer).toHaveCount(0);
  await frame.press("/");
  await expect(list.search).toBeFocused();
  await frame.press("Escape");
}
