import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Locator } from "@playwright/test";
import { findSecrets, needlesOf } from "#testing/ssh/key-files.ts";
import { expect, test } from "./latchkey.ts";
import { Frame } from "./pages/frame.ts";
import { PlanPage } from "./pages/plan-page.ts";
import { PromptDialog } from "./pages/prompt-dialog.ts";
import { startRunbooksLab } from "./pages/runbooks-lab.ts";
import { watchPage } from "./pages/watch-page.ts";

const WORD = "bullfinch-of-the-page";

test("of a passphrase that was typed, and of both private keys, nothing is in the page after a run, in what it keeps or in what it was sent", async ({
  stage,
  sample,
}) => {
  test.skip(!sample.hasHosts, "needs root, namespaces and sshd for real hosts");
  await using lab = await startRunbooksLab(["web-1", "web-2"], { holders: 1 });
  const path = join(lab.home, ".ssh/id_ed25519");
  const old = needlesOf("the old half", await readFile(path, "utf8"));
  await lab.lock(WORD);
  const { page, shell } = await stage.open(lab.database, lab.home);
  const frame = new Frame(page, shell);
  await frame.rail.waitFor();
  const watched = watchPage(page);
  await page.reload();
  await frame.rail.waitFor();
  const list = await frame.goTo("Grants");
  const drawer = await list.open("jo@desk");
  await drawer.getByRole("button", { name: "Rotate the key" }).click();

  const typing = createTyping(frame);
  const plan = new PlanPage(page);
  await typing.until(plan.apply);
  await plan.approve();
  await plan.apply.click();
  const run = page.getByRole("complementary", { name: "run" });
  await typing.until(run.getByText("Committed", { exact: true }));
  expect(typing.times()).toBeGreaterThanOrEqual(2);

  const made = needlesOf("the new half", await readFile(path, "utf8"), WORD);
  const needles = [...old, ...made];
  expect(findSecrets(made, (await lab.hosts[0]?.run("cat /home/deploy/.ssh/id_ed25519")) ?? "")).toEqual([
    "the new half d",
  ]);
  for (const tab of ["Journal", null, "Grants"]) {
    if (tab === "Journal") await run.getByRole("tab", { name: tab }).click();
    if (tab === "Grants") await frame.goTo(tab);
    const places = await watched.read();
    expect(places["its document"]).toContain("SHA256:");
    for (const [name, place] of Object.entries(places)) {
      expect(/bullfinch.{0,40}/.exec(place)?.[0], name).toBeUndefined();
      expect(findSecrets(needles, place), name).toEqual([]);
    }
  }
  // What was typed is sent as an answer to a prompt, once for each prompt, and nowhere else.
  const sent = watched.sent.filter((text) => text.includes("bullfinch"));
  for (const text of sent) expect(text).toContain("answer");
  expect(sent.length).toBeLessThanOrEqual(2 * typing.times());
  expect(findSecrets(needles, watched.sent.join("\n"))).toEqual([]);
});

/** Types the word into every prompt, until `goal` is there. */
function createTyping(frame: Frame) {
  const { root } = new PromptDialog(frame.page, /passphrase/i);
  const fields = root.locator("input[type=password]");
  let times = 0;
  return {
    times: () => times,
    async until(goal: Locator): Promise<void> {
      for (;;) {
        await expect(goal.or(fields.first()).first()).toBeVisible();
        if (await goal.isVisible()) return;
        for (const field of await fields.all()) await field.fill(WORD);
        await frame.press("Enter");
        times++;
        // In one call: a field that was there a moment ago may have gone with its prompt.
        const areEmpty = (all: HTMLElement[]) =>
          all.every((field) => field instanceof HTMLInputElement && field.value === "");
        await expect.poll(() => fields.evaluateAll(areEmpty)).toBe(true);
      }
    },
  };
}
