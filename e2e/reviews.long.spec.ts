import { execFile } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { promisify } from "node:util";
import type { BrowserContext } from "@playwright/test";
import { expect, test } from "./latchkey.ts";
import { saveEvidence } from "./pages/evidence-dialog.ts";
import { Frame } from "./pages/frame.ts";
import { PlanPage } from "./pages/plan-page.ts";
import { type RunbooksLab, startRunbooksLab } from "./pages/runbooks-lab.ts";
import { environmentOf } from "./stages/stage.ts";

const run = promisify(execFile);

/** The command line, beside the window or without it. */
const typeAt =
  ({ database, home }: RunbooksLab) =>
  async (...words: string[]): Promise<string> => {
    const argv = ["out/main/latchkey.js", "--db", database, ...words];
    const { stdout } = await run(process.execPath, argv, { env: environmentOf(home) }).catch(
      (error) => error,
    );
    return String(stdout);
  };

/** Revokes the key that nobody knows, keeps all else, and saves the answer beside the file. */
async function decideOffline(context: BrowserContext, file: string): Promise<string> {
  const offline = await context.newPage();
  await offline.goto(pathToFileURL(file).href);
  const sets = offline.getByRole("group");
  for (const set of await sets.all()) {
    const isMallory = ((await set.textContent()) ?? "").includes("mallory@laptop");
    await set.getByLabel(isMallory ? "Revoke" : "Keep", { exact: true }).check();
  }
  await offline.getByLabel("Reason where an item has none of its own").fill("nobody knows this key");
  const saved = offline.waitForEvent("download");
  await offline.getByRole("button", { name: "Save the answer" }).click();
  const answer = join(dirname(file), (await saved).suggestedFilename());
  await (await saved).saveAs(answer);
  await offline.close();
  return answer;
}

type Item = { item: number; evidence: { kind: string; account: string } };

/** An account is closed by a later scan, too, once a run has disabled it: its name stays. */
async function disableAccount(
  type: ReturnType<typeof typeAt>,
  lab: RunbooksLab,
  items: readonly Item[],
): Promise<void> {
  const [account = 0] = items.flatMap(({ item, evidence }) =>
    evidence.kind === "account" && evidence.account === "deploy" ? item : [],
  );
  await type("reviews", "decide", "q2", String(account), "--revoke", "--reason", "the job is gone");
  const apply = ["--apply", "--yes", "--identity", join(lab.home, ".ssh/id_ed25519")];
  await type("reviews", "plan", "q2", "--accounts", "--watch", "0", ...apply);
  await type("scan", `root@${lab.hosts[0]?.address}:22`);
  expect(await type("reviews", "show", "q2", String(account))).toContain("gone or disabled by scan");
}

test("three reviewers answer, one of them offline and signed; what they revoke goes by a run, a later scan closes it, and an auditor checks the evidence", async ({
  stage,
  sample,
}) => {
  test.skip(!sample.hasHosts, "needs root, namespaces and sshd for real hosts");
  test.setTimeout(900_000);
  await using lab = await startRunbooksLab(["web-1"]);
  const type = typeAt(lab);
  const folder = dirname(lab.database);
  const line = await lab.makeLine("carol");
  const people = [`carol,carol,${line}`];
  for (const name of ["dave", "erin"]) people.push(`${name},${name},${await lab.makeLine(name)}`);
  await writeFile(join(folder, "people.csv"), `login,name,key\n${people.join("\n")}\n`);
  await type("people", "import", join(folder, "people.csv"));
  await type("reviews", "create", "q2", "--no-owner", "--reviewer", "carol", "--until", "2099-01-31");
  const { items } = JSON.parse(await type("reviews", "show", "q2", "--json"));
  const itemOf = (comment: string): number[] =>
    items.flatMap(({ item, evidence }: { item: number; evidence: { comment?: string } }) =>
      evidence.comment === comment ? item : [],
    );
  const [mallory = 0] = itemOf("mallory@laptop");
  const [first = 0, ...others] = itemOf("jo@desk");
  await type("reviews", "assign", "q2", String(first), "--to", "dave");
  await type("reviews", "assign", "q2", ...others.map(String), "--to", "erin");

  // One of them decides in a file, and signs it.
  await type("reviews", "export", "q2", "--for", "carol", "--out", join(folder, "carol.html"));
  const { page, shell } = await stage.open(lab.database, lab.home);
  const frame = new Frame(page, shell);
  await frame.rail.waitFor();
  const answer = await decideOffline(page.context(), join(folder, "carol.html"));
  await run("ssh-keygen", ["-q", "-Y", "sign", "-n", "latchkey-review", "-f", join(folder, "carol"), answer]);

  // The others decide in the window.
  const list = await frame.goTo("Reviews");
  await page.getByRole("link", { name: "q2" }).click();
  await page.getByRole("button", { name: "Import an answer" }).click();
  const importing = page.getByRole("dialog");
  await importing.locator("input[type=file]").setInputFiles([answer, `${answer}.sig`]);
  await importing.getByRole("button", { name: "Import" }).click();
  await expect(list.row(/mallory@laptop/)).toContainText("signed by the reviewer");
  for (const account of ["root", "deploy"]) {
    const drawer = await list.open(new RegExp(`jo@desk .* for ${account}@`));
    await drawer.getByRole("button", { name: "Keep" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Reason").fill("on call");
    await dialog.getByRole("button", { name: "Keep" }).click();
    await expect(drawer).toContainText("keep: on call");
    await frame.press("Escape");
  }
  await page.getByRole("button", { name: "Plan 1 decision" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Plan" }).click();
  const plan = new PlanPage(page);
  await plan.approve();
  const finished = await plan.run();
  await finished.getByText("Committed", { exact: true }).waitFor();

  // A run closes nothing by itself; a reading that begins later does.
  await type("scan", `root@${lab.hosts[0]?.address}:22`);
  await frame.goToAddress(`/reviews?review=q2`);
  await expect(list.row(/mallory@laptop/)).toContainText("Closed");
  const shown = JSON.parse(await type("reviews", "show", "q2", String(mallory), "--json"));
  expect(shown.item).toMatchObject({ state: "closed", decision: { source: "signed", reviewer: "carol" } });

  await disableAccount(type, lab, items);

  await type("reviews", "end", "q2");
  await page.getByRole("button", { name: "Evidence" }).click();
  const empty = await saveEvidence(page, { into: join(folder, "audit"), key: "~/.ssh/id_ed25519" });
  const readme = await readFile(join(empty, "README.txt"), "utf8");
  await writeFile(join(empty, "REVIEWERS"), `carol ${line}\n`);
  const commands = readme.split("\n").filter((one) => one.startsWith("    "));
  expect(commands).toHaveLength(5);
  for (const command of commands) await run("sh", ["-c", command.trim()], { cwd: empty });
  const evidence = JSON.parse(await readFile(join(empty, "review.json"), "utf8"));
  expect(evidence).toMatchObject({ problems: [], review: { decided: evidence.review.items } });
  expect(evidence.review.plans).toMatchObject([
    { run: { state: "committed" } },
    { run: { state: "waiting" } },
  ]);
  const [{ run: made }] = evidence.review.plans;
  const ran = JSON.parse(await readFile(join(empty, `run-${made.id}.json`), "utf8"));
  expect(ran).toMatchObject({ state: "committed", stepList: expect.any(Array) });
});
