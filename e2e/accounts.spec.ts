import { join } from "node:path";
import { runnerImport } from "vite";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { expect, test } from "./latchkey.ts";
import { goByKeys } from "./pages/by-keys.ts";
import { overflowOf } from "./pages/every-screen.ts";
import { ListScreen } from "./pages/list-screen.ts";

type Maker = { makeAccountDatabase(path: string): void };

/** Vite runs the module that fills it: the store's schema is a `?raw` import. */
async function makeDatabase(folders: AsyncDisposableStack): Promise<string> {
  const folder = folders.use(await makeTemporaryFolder());
  const database = join(folder.path, "latchkey.db");
  const { module } = await runnerImport<Maker>("src/main/store/testing/fill-accounts.ts");
  module.makeAccountDatabase(database);
  return database;
}

test("every account stands beside its kind, how it is entered, whether it becomes root, and why", async ({
  openDatabase,
  folders,
  camera,
}) => {
  const frame = await openDatabase(await makeDatabase(folders));
  const { page } = frame;
  const list = await frame.goTo("Accounts");
  await expect(list.row("www-data")).toContainText(/Service.*nginx and 3 more run as it/);
  await expect(list.row(/example\s*ann/)).toContainText(/Person.*Becomes root.*2 keys, password/);
  await expect(list.row("postgres")).toContainText(/Unknown.*Root unknown.*password not read/);
  // Who is no longer there is in the history alone.
  await expect(list.row("contractor")).toHaveCount(0);
  expect(await camera.photograph("accounts")).toEqual([]);
  expect(await overflowOf(page)).toEqual([]);
  await goByKeys(frame, list);

  await expect(list.row(/mail-1.example\s*clerk/)).toContainText(
    /Person.*as root read it on \d{4}-\d\d-\d\d/,
  );

  await list.filter("Kind", "Bot");
  await expect(list.rows).toHaveCount(1);
  await expect(list.search).toHaveValue("kind:bot");
  await page.getByRole("button", { name: "Drop the filter Kind" }).click();
  await list.filter("Root", "Becomes root");
  await expect(list.rows).toHaveCount(2);
  await list.search.fill("host:web-1.example root:no data");
  await list.filtered("Host");
  await expect(list.rows).toHaveCount(1);
  const [head, line] = await list.exportCsv();
  expect(head).toBe(
    "Host,Account,UID,Kind,Root,Risk,Findings,Owner,Entered by,Last login,Runs,Why,Environment,Purpose",
  );
  expect(line).toMatch(
    /^web-1.example,www-data,33,service,,reach none; privilege none; exposure none; age none,identity-owner-left,Carol Stone,,,1,/,
  );
  await list.search.fill("nobody-is-called-so");
  await expect(page.getByText("No account matches")).toBeVisible();
  await page.getByRole("button", { name: "Clear the filters" }).click();
  await list.sortBy("Account");
  await list.settled();
  await expect(list.rows.first()).toContainText("ann");
});

test("an account's drawer says why it is of its kind, how it is entered, what it becomes, and who becomes it", async ({
  openDatabase,
  folders,
  camera,
}) => {
  const frame = await openDatabase(await makeDatabase(folders));
  const { page } = frame;
  const list = await frame.goTo("Accounts");
  const drawer = await list.open(/example\s*deploy/);
  await expect(drawer.getByRole("heading", { level: 2 })).toHaveText("deploy@web-1.example");
  const lines = drawer.getByRole("listitem");
  await expect(lines.filter({ hasText: "decides" })).toHaveText(/^"deploy" in its name\s*decides$/);
  await expect(drawer).toContainText("3 grants: each lets somebody in, or may");
  await expect(drawer).toContainText("locked: none is accepted");
  await expect(lines.filter({ hasText: "4,120 logins" })).toContainText(/the last 2.* from 10.0.9.2/);
  await expect(drawer).toContainText(/journal: .* 61 days/);
  await expect(lines.filter({ hasText: "by su, from ann" })).toContainText("1 login, the last");
  await expect(drawer).toContainText("Of su, any user of the host can have such lines written.");
  await expect(drawer).toContainText("root by sudo");
  await expect(lines.filter({ hasText: "some commands as deploy by sudo" })).toContainText("ann");
  await expect(drawer).toContainText("Nothing was seen that does.");
  expect(await camera.photograph("account")).toEqual([]);
  await drawer.getByRole("heading", { name: "As whom it may act" }).scrollIntoViewIfNeeded();
  expect(await camera.photograph("account-below")).toEqual([]);

  await drawer.getByRole("button", { name: "Change" }).click();
  await page.getByRole("dialog").getByLabel("Owner").fill("Ann Bell");
  await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
  await expect(list.row(/example\s*deploy/)).toContainText("Ann Bell");
  await list.search.fill('owner:"Ann Bell"');
  await list.filtered("Owner");
  await expect(list.rows).toHaveCount(1);
  await page.getByRole("button", { name: "Drop the filter Owner" }).click();
  await page.getByRole("button", { name: "No owner" }).click();
  await expect(list.rows).toHaveCount(10);

  await drawer.getByRole("link", { name: "Its grants" }).click();
  await expect(frame.title).toHaveText("Grants");
  const grants = new ListScreen(page, "grants");
  await expect(grants.rows).toHaveCount(3);
  await (await grants.open("carol@old")).getByRole("link", { name: "deploy", exact: true }).click();
  await expect(list.rows).toHaveCount(1);
  await list.open("deploy");
  await drawer.getByRole("link", { name: "What reaches it" }).click();
  await expect(new ListScreen(page, "steps").row("ann@web-1.example").first()).toBeVisible();
});

test("what is wrong with an account stands on its row, in its drawer and among the findings, and is accepted there", async ({
  openDatabase,
  folders,
  camera,
}) => {
  const frame = await openDatabase(await makeDatabase(folders));
  const { page } = frame;
  const accounts = await frame.goTo("Accounts");
  await expect(accounts.row("ubuntu")).toContainText("Critical");
  await expect(accounts.row(/example\s*deploy/)).toContainText("Medium +2");
  const drawer = await accounts.open(/example\s*deploy/);
  await expect(drawer.getByRole("heading", { name: /^Findings/ })).toHaveText("Findings3");
  await expect(drawer).toContainText("nobody answers for this: a bot's account, which is as good as root");
  await expect(drawer).toContainText("a person's key has logged in to this bot account");
  expect(await camera.photograph("account-findings")).toEqual([]);

  const findings = await frame.goTo("Findings");
  await findings.filter("Rule", "Account removed, and there again");
  await expect(findings.rows).toHaveCount(1);
  const finding = await findings.open("ubuntu");
  await expect(finding).toContainText("found no such account");
  expect(await camera.photograph("finding-account")).toEqual([]);
  await finding.getByRole("button", { name: "Accept" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Reason").fill("made again for a test");
  await dialog.getByRole("button", { name: "Accept" }).click();
  await expect(finding).toContainText("made again for a test");
  await finding.getByRole("link", { name: "Open the account" }).click();
  await expect(frame.title).toHaveText("Accounts");
  await expect(accounts.row("ubuntu")).not.toContainText("Critical");

  await frame.goTo("Findings");
  await findings.filter("Rule", "Another account under its name");
  await expect(findings.rows).toHaveCount(1);
  const replaced = await findings.open("ubuntu");
  await expect(replaced).toContainText("uid 1002, and something was said of uid 1900");
  await expect(replaced).toContainText("the one before had the owner team cloud");
  expect(await camera.photograph("finding-replaced")).toEqual([]);
  await frame.press("Escape");
  await expect(findings.drawer).toHaveCount(0);
  await findings.filter("Rule", "Its owner has left");
  await expect(findings.rows).toHaveCount(2);
  const tag = await findings.open("intranet");
  await expect(tag).toContainText("who is named as the owner of this tag has left");
  expect(await camera.photograph("finding-tag")).toEqual([]);
  await tag.getByRole("link", { name: "List its certificates" }).click();
  await expect(frame.title).toHaveText("Certificates");
});

test("accounts stand in the order of their risk, and a drawer says what each factor is made of", async ({
  openDatabase,
  folders,
  camera,
}) => {
  const frame = await openDatabase(await makeDatabase(folders));
  const { page } = frame;
  const list = await frame.goTo("Accounts");
  await list.sortBy("Risk");
  await list.settled();
  await expect(page).toHaveURL(/sort=risk/);
  // What was not read may be the worst; of what was, a key that others can read is.
  await expect(list.rows.first()).toContainText("postgres");
  await expect(list.rows.nth(1)).toContainText("deploy");
  const marks = list.row(/example\s*deploy/).getByRole("img");
  await expect(marks).toHaveAccessibleName("reach medium; privilege high; exposure high; age high");
  expect(await camera.photograph("accounts-by-risk")).toEqual([]);
  expect(await overflowOf(page)).toEqual([]);

  const drawer = await list.open(/example\s*deploy/);
  const risk = drawer.getByRole("heading", { name: "Risk", exact: true });
  await risk.scrollIntoViewIfNeeded();
  await expect(drawer).toContainText("1 private key file without a passphrase that others can read");
  await expect(drawer).toContainText("It becomes root by sudo, doas, a group or another account");
  await expect(drawer).toContainText("Its oldest key has stood since 2023-02-11, or longer");
  expect(await camera.photograph("account-risk")).toEqual([]);

  await list.open("postgres");
  await expect(drawer).toContainText("unknown, high at most");
  await expect(drawer).toContainText("Not every place of its private keys was read");
  await risk.scrollIntoViewIfNeeded();
  expect(await camera.photograph("account-risk-unknown")).toEqual([]);
});

test("an account is approved for somebody, who answers for it from then on", async ({
  openDatabase,
  folders,
  camera,
}) => {
  const frame = await openDatabase(await makeDatabase(folders));
  const { page } = frame;
  const list = await frame.goTo("Accounts");
  const drawer = await list.open(/example\s*deploy/);
  await expect(drawer).toContainText("Not approved.");
  await drawer.getByRole("button", { name: "Approve", exact: true }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Owner").fill("Ann Bell");
  await dialog.getByLabel("Purpose").fill("releases of the shop");
  expect(await camera.photograph("account-approve")).toEqual([]);
  await dialog.getByRole("button", { name: "Approve", exact: true }).click();
  await expect(drawer.getByRole("button", { name: "Approve anew" })).toBeVisible();
  await expect(drawer).toContainText("releases of the shop");
  await expect(list.row(/example\s*deploy/)).toContainText("Ann Bell");
  await expect(drawer).not.toContainText("nobody answers for this");
  await drawer.getByRole("button", { name: "Approve anew" }).scrollIntoViewIfNeeded();
  expect(await camera.photograph("account-approved")).toEqual([]);
  await drawer.getByRole("button", { name: "Withdraw" }).click();
  await expect(drawer).toContainText("Not approved.");
  await page.keyboard.press("Escape");

  for (const name of ["backup", "www-data"]) await list.row(name).getByRole("checkbox").check();
  await list.selection.getByRole("button", { name: "Approve" }).click();
  await expect(dialog.getByRole("heading", { name: "Approve 2 accounts" })).toBeVisible();
  await dialog.getByLabel("Owner").fill("team web");
  await dialog.getByLabel("Purpose").fill("the shop");
  await dialog.getByRole("button", { name: "Approve", exact: true }).click();
  for (const name of ["backup", "www-data"]) await expect(list.row(name)).toContainText("team web");
});

test("what somebody who has left answers for is moved to another owner, and what only they get into is named", async ({
  openDatabase,
  folders,
  camera,
}) => {
  const frame = await openDatabase(await makeDatabase(folders));
  const { page } = frame;
  const people = await frame.goTo("People");
  const drawer = await people.open("Carol Stone");
  await expect(drawer.getByRole("heading", { name: /^Answers for/ })).toHaveText("Answers for2");
  await expect(drawer).toContainText("www-data@web-1.example");
  await expect(drawer.getByRole("listitem").filter({ hasText: "intranet" })).toContainText("tag");
  await expect(drawer.getByRole("link", { name: "backup@web-1.example" })).toBeVisible();
  expect(await camera.photograph("person-owned")).toEqual([]);
  await drawer.getByRole("button", { name: "Offboard" }).click();
  const dialog = page.getByRole("dialog");
  await expect(dialog).toContainText("They answer for 2 things");
  await expect(dialog).toContainText("Nobody but they get into 1 account");
  expect(await camera.photograph("offboard-accounts")).toEqual([]);
  await page.keyboard.press("Escape");
  await drawer.getByRole("button", { name: "Move to another owner" }).click();
  await dialog.getByLabel("New owner").fill("team web");
  expect(await camera.photograph("move-owner")).toEqual([]);
  await dialog.getByRole("button", { name: "Move", exact: true }).click();
  await expect(drawer.getByRole("heading", { name: /^Answers for/ })).toHaveCount(0);
  const accounts = await frame.goTo("Accounts");
  await expect(accounts.row("www-data")).toContainText("team web");
});

test("what runs as an account is shown in part first, what was not kept is counted, and unknown is said as unknown", async ({
  openDatabase,
  folders,
  camera,
}) => {
  const frame = await openDatabase(await makeDatabase(folders));
  const list = await frame.goTo("Accounts");
  const drawer = await list.open("backup-all.service");
  const runs = drawer.getByRole("heading", { name: /^What runs as it/ });
  await expect(runs).toHaveText("What runs as it240");
  const lines = drawer.getByRole("listitem").filter({ hasText: "/etc/cron.d/backup:" });
  await expect(lines).toHaveCount(4);
  await expect(drawer).toContainText("40 more were counted, and not kept");
  await runs.scrollIntoViewIfNeeded();
  expect(await camera.photograph("account-runs")).toEqual([]);
  await drawer.getByRole("button", { name: "Show 192 more" }).click();
  await expect(lines).toHaveCount(196);
  expect(await camera.photograph("account-runs-all")).toEqual([]);

  await list.open("postgres");
  await expect(drawer).toContainText("None in the logs that were read. No log is known to have every one.");
  await expect(drawer).toContainText("Unknown: the rules of sudo and doas were not all read.");
  await expect(drawer).toContainText("No log of the host is known to have every login by key");
  expect(await camera.photograph("account-unknown")).toEqual([]);
  await list.open("xxxxxxxx");
  await list.open("U+202E");
  await expect(drawer).toContainText("U+202Ecod.exe");
  expect(await camera.photograph("account-strange")).toEqual([]);
  expect(await overflowOf(frame.page)).toEqual([]);
});

test("setuid programs and keytabs are with the account that they run as, and with their host, and what root saw says when", async ({
  openDatabase,
  folders,
  camera,
}) => {
  const frame = await openDatabase(await makeDatabase(folders));
  const list = await frame.goTo("Accounts");
  const drawer = await list.open(/web-1.example\s*root/);
  const lines = drawer.getByRole("listitem");
  const exposed = lines.filter({ hasText: "/opt/tools/restart-app" });
  await expect(exposed).toContainText("runs as root, started by group deploy");
  await expect(exposed).toContainText("group deploy may write to it");
  await expect(lines.filter({ hasText: "/etc/krb5.keytab" })).toContainText("nfs/web-1.example@EXAMPLE.ORG");
  await drawer.getByRole("button", { name: "Show 4 more" }).click();
  await drawer.getByRole("heading", { name: "Setuid programs of its own" }).scrollIntoViewIfNeeded();
  expect(await camera.photograph("account-setuid")).toEqual([]);
  await list.open("clerk");
  await expect(drawer).toContainText("As root last read it");
  await expect(drawer).toContainText("1 grant: each lets somebody in, or may");
  await expect(drawer).toContainText(
    /set 130 days ago, expired 4\d days ago: to be changed at the next login/,
  );
  await expect(drawer).toContainText("Nobody: account expired");
  expect(await camera.photograph("account-as-root-read-it")).toEqual([]);
  await list.open("ubuntu");
  const authority = lines.filter({ hasText: "user CA 2026" });
  await expect(authority).toContainText(
    /for ubuntu, operators, \/etc\/ssh\/user-ca.pub:1.*31 logins, the last/,
  );
  await list.open(/web-1.example\s*ann/);
  await expect(drawer).toContainText("set 412 days ago, expires never");

  const hosts = await frame.goTo("Hosts");
  const host = await hosts.open("web-1.example");
  await expect(host.getByRole("heading", { name: /^Runs as no account/ })).toHaveText("Runs as no account2");
  await expect(host).toContainText("olduser, who is no account of the host");
  await expect(host).toContainText("1000 to 60000 for users, up to 999 for the system");
  await host.getByRole("heading", { name: /^Runs as no account/ }).scrollIntoViewIfNeeded();
  expect(await camera.photograph("host-programs")).toEqual([]);
});

test("a host's accounts and the history lead to an account, and one that is gone says so", async ({
  openDatabase,
  folders,
  camera,
}) => {
  const frame = await openDatabase(await makeDatabase(folders));
  const { page } = frame;
  const hosts = await frame.goTo("Hosts");
  const ann = (await hosts.open("web-1.example")).getByRole("link", { name: "ann", exact: true });
  await expect(hosts.drawer.getByRole("heading", { name: "Who can be root" })).toBeVisible();
  await ann.scrollIntoViewIfNeeded();
  expect(await camera.photograph("account-on-host")).toEqual([]);
  await ann.click();
  const drawer = page.getByRole("complementary", { name: "account" });
  await expect(drawer.getByRole("heading", { level: 2 })).toHaveText("ann@web-1.example");
  await expect(drawer).toContainText("forwarded agent");
  expect(await camera.photograph("account-ann")).toEqual([]);
  await drawer.getByRole("link", { name: "Its host" }).click();
  await expect(page.getByRole("complementary", { name: "host" })).toContainText("web-1.example");

  const changes = await frame.goTo("History");
  await (await changes.open("contractor")).getByRole("link", { name: "Open the account" }).click();
  await expect(drawer).toContainText("It is no longer there");
  await expect(drawer.getByRole("link", { name: "What it reaches" })).toHaveCount(0);
  expect(await camera.photograph("account-gone")).toEqual([]);
});

test("without any, the list says what an account is and how to read them", async ({ openEmpty, camera }) => {
  const frame = await openEmpty();
  await frame.goTo("Accounts");
  await expect(frame.page.getByText("one login of one host")).toBeVisible();
  expect(await camera.photograph("accounts-empty")).toEqual([]);
});
