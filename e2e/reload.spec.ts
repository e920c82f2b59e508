import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "./latchkey.ts";
import { Frame } from "./pages/frame.ts";
import { PlanPage } from "./pages/plan-page.ts";
import { readServed, startRenewalLab } from "./pages/renewal-lab.ts";
import { environmentOf } from "./stages/stage.ts";

const run = promisify(execFile);

const PROGRAM = "out/main/latchkey.js";

/** A later certificate for the same name in the file; nginx does not know of it. */
const RENEW = `cd /etc/tls
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout new.key -out new.pem -days 300 \\
  -subj "$(openssl x509 -in nginx.pem -noout -subject -nameopt compat | sed 's/^subject= *//')" \\
  -addext "subjectAltName=DNS:nginx.lab" 2>/dev/null
cat new.key > nginx.key; cat new.pem > nginx.pem; touch -d '2 seconds' nginx.pem`;

test("the server that was not reloaded is found and reloaded from today's list by two clicks, and its line is gone", async ({
  stage,
  sample,
  camera,
}) => {
  test.skip(!sample.hasHosts, "needs root, namespaces and sshd for real hosts");
  await using lab = await startRenewalLab();
  const before = await readServed(lab.host);
  await lab.host.run(RENEW);
  const say = async (...args: string[]) =>
    (await run(process.execPath, [PROGRAM, "--db", lab.database, ...args], { env: environmentOf(lab.home) }))
      .stdout;
  const rule = "certificate-not-reloaded";
  // A collector on a busy machine may run out of time before it has the age of the processes.
  await expect
    .poll(
      async () => {
        await say("scan", `root@${lab.host.address}`);
        return (await say("findings", "--rule", rule)).includes("still serves");
      },
      { timeout: 60_000 },
    )
    .toBe(true);

  const { page, shell } = await stage.open(lab.database, lab.home);
  const frame = new Frame(page, shell);
  await frame.rail.waitFor();
  const lines = page.getByRole("region", { name: "What needs attention" }).getByRole("listitem");
  const stale = lines.filter({ hasText: "still serves this certificate" });
  await expect(stale).toHaveCount(1);
  expect(await camera.photograph("today-not-reloaded")).toEqual([]);

  // Wherever else it is shown, a reload is offered, and no renewal.
  const host = await (await frame.goTo("Hosts")).open(lab.host.address);
  await expect(host.getByRole("button", { name: "Reload…" })).toBeVisible();
  await host.getByText("What it serves").scrollIntoViewIfNeeded();
  expect(await camera.photograph("host-not-reloaded")).toEqual([]);
  await frame.goToAddress(`/certificates?open=${before}`);
  const certificate = page.getByRole("complementary", { name: "certificate" });
  await expect(certificate.getByRole("button", { name: "Reload…" })).toBeVisible();
  await expect(certificate.getByRole("button", { name: "Renew" })).toHaveCount(0);
  await frame.goToAddress("/findings?rule=certificate-not-reloaded");
  await (await frame.goTo("Findings")).open("CN=nginx.lab");
  await expect(
    page.getByRole("complementary", { name: "finding" }).getByRole("button", { name: "Reload…" }),
  ).toBeVisible();
  await frame.goTo("Today");

  await stale.getByRole("button", { name: "Reload…" }).click();
  const plan = new PlanPage(page);
  await expect(plan.summary).toHaveText("Plan: 1 server to reload on 1 host");
  await expect(plan.main).toContainText("a reload cannot be undone");
  await expect(plan.decision).toContainText("A reload cannot be undone.");
  await expect(plan.main.getByText(before.slice(0, 12)).first()).toBeVisible();
  await plan.apply.waitFor();
  await page.setViewportSize({ width: 1440, height: 1300 });
  expect(await camera.photograph("plan-reload")).toEqual([]);
  await page.setViewportSize({ width: 390, height: 1300 });
  expect(await camera.photograph("plan-reload-narrow")).toEqual([]);
  await page.setViewportSize({ width: 1280, height: 860 });
  const drawer = await plan.run();
  await drawer.getByText("Committed", { exact: true }).waitFor();
  await expect(drawer).toContainText("what its files hold is served at each of 2 endpoints");
  expect(await camera.photograph("run-reload")).toEqual([]);
  expect(await readServed(lab.host)).not.toBe(before);

  await frame.goTo("Today");
  await expect(page.getByRole("heading", { name: "Next to expire" })).toBeVisible();
  await expect(lines.filter({ hasText: "still serves this certificate" })).toHaveCount(0);
});
