import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { startHost } from "#testing/lab/start-host.ts";
import { expect, test } from "./latchkey.ts";
import { Frame } from "./pages/frame.ts";
import { PlanPage } from "./pages/plan-page.ts";
import { makeHome } from "./pages/renewal-lab.ts";
import { environmentOf } from "./stages/stage.ts";

const run = promisify(execFile);

test("an account is disabled from its drawer, its plan and its run say what becomes of it, it is removed, put back and restored", async ({
  stage,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, "needs root, namespaces and sshd for real hosts");
  await using stack = new AsyncDisposableStack();
  const { home, database, prepare } = await makeHome(stack);
  const host = stack.use(
    await startHost({
      name: "web",
      prepare: `${prepare}
        useradd --create-home --shell /bin/bash backup-bot
        install -d -m 700 -o backup-bot -g backup-bot /home/backup-bot/.ssh
        install -m 600 -o backup-bot -g backup-bot /root/.ssh/authorized_keys /home/backup-bot/.ssh/authorized_keys`,
    }),
  );
  const program = ["out/main/latchkey.js", "--db", database, "scan", `root@${host.address}`, "--accept-new"];
  await run(process.execPath, program, { env: environmentOf(home) });
  const { page, shell } = await stage.open(database, home);
  const frame = new Frame(page, shell);
  await frame.rail.waitFor();
  await frame.goToAddress("/accounts?search=backup-bot");
  await page.getByRole("main").getByText("backup-bot").first().click();
  const account = page.getByRole("complementary", { name: "account" });
  await account.getByRole("button", { name: "Disable account" }).click();

  const plan = new PlanPage(page);
  await expect(plan.summary).toHaveText("Plan: 1 account to disable, 1 grant to revoke on 1 host");
  await plan.approve();
  await page.setViewportSize({ width: 1440, height: 1300 });
  expect(await camera.photograph("plan-disable")).toEqual([]);
  await page.setViewportSize({ width: 1280, height: 860 });
  const drawer = await plan.run();
  await expect(drawer.getByText("No use in the logs so far")).toBeVisible({ timeout: 60_000 });
  expect(await camera.photograph("run-disabled")).toEqual([]);
  expect(await host.run("grep ^backup-bot: /etc/shadow")).toContain(":1:");

  await drawer.getByRole("button", { name: "Remove early" }).click();
  await expect(plan.summary).toHaveText("Plan: 1 account to remove on 1 host");
  await plan.approve();
  await page.setViewportSize({ width: 1440, height: 1300 });
  expect(await camera.photograph("plan-remove")).toEqual([]);
  await page.setViewportSize({ width: 1280, height: 860 });
  const removal = await plan.run();
  await expect(removal.getByText("It can be undone")).toBeVisible({ timeout: 60_000 });
  expect(await camera.photograph("run-removed")).toEqual([]);
  expect(await host.run("getent passwd backup-bot || echo none")).toBe("none\n");
  await removal.getByRole("button", { name: "Undo", exact: true }).click();
  await page
    .getByRole("dialog", { name: "Undo this run?" })
    .getByRole("button", { name: "Undo", exact: true })
    .click();
  await expect
    .poll(() => host.run("getent passwd backup-bot || :"), { timeout: 60_000 })
    .toContain("nologin");

  await frame.goToAddress("/runs?open=1");
  await drawer.getByRole("button", { name: "Restore" }).click();
  await page
    .getByRole("dialog", { name: "Restore the accounts?" })
    .getByRole("button", { name: "Restore" })
    .click();
  await expect(drawer.getByText("No use in the logs so far")).toHaveCount(0, { timeout: 60_000 });
  await expect.poll(() => host.run("grep ^backup-bot: /etc/passwd")).toContain("/bin/bash");
});
