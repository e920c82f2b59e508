import { readFile } from "node:fs/promises";
import { expect, test } from "./latchkey.ts";
import type { Frame } from "./pages/frame.ts";

/** What the screen exports by its key, as cells. */
async function exportByKey(frame: Frame): Promise<{ name: string; head: string[]; rows: string[][] }> {
  const download = frame.page.waitForEvent("download");
  await frame.press("e");
  const file = await download;
  const [head = [], ...rows] = (await readFile(await file.path(), "utf8"))
    .replace(/^\uFEFF/, "")
    .split("\r\n")
    .filter(Boolean)
    .map((line) => line.split(",").map((cell) => cell.replace(/^"|"$/g, "")));
  return { name: file.suggestedFilename(), head, rows };
}

for (const [key, name, weeks] of [
  ["t", "Timeline", 52],
  ["w", "Forecast", null],
] as const)
  test(`${name} is reached by g ${key}, and e exports every week that its table sums up`, async ({
    openSample,
  }) => {
    const frame = await openSample();
    await frame.press("g");
    await frame.press(key);
    await expect(frame.title).toHaveText(name);
    const table = frame.page.getByRole("table", { name: /week by week/ });
    await expect(table).toBeVisible();
    const { name: file, head, rows } = await exportByKey(frame);
    expect(file).toBe(`latchkey-${name.toLowerCase()}.csv`);
    expect(head.slice(0, 3)).toEqual(["Week from", "Certificates", "Peak"]);
    if (weeks === null) expect(rows.at(-1)?.[0]).toMatch(/^2029-12/);
    else expect(rows).toHaveLength(weeks);
    const filled = rows.filter(([, count]) => count !== "0");
    await expect(table.locator("tbody").getByRole("row")).toHaveCount(filled.length);
    for (const [from = "", count = ""] of filled)
      await expect(table.getByRole("row").filter({ hasText: from })).toContainText(count);
  });

test("a list is exported by e as its button does it", async ({ openSample }) => {
  const frame = await openSample();
  const list = await frame.goTo("Certificates");
  await list.rows.first().waitFor();
  const byButton = await list.exportText();
  const { name, rows } = await exportByKey(frame);
  expect(name).toBe("latchkey-certificates.csv");
  expect(rows).toHaveLength(byButton.split("\r\n").filter(Boolean).length - 1);
});
