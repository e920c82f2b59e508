import { join } from "node:path";
import { expect, test } from "vitest";
import { makeAccountDatabase } from "#store/testing/fill-accounts.ts";
import { openTerminal } from "#testing/open-terminal.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

async function openAccounts() {
  const folder = await makeTemporaryFolder();
  const path = join(folder.path, "latchkey.db");
  makeAccountDatabase(path);
  return {
    latchkey: openTerminal(path, { now: () => new Date() }),
    [Symbol.asyncDispose]: () => folder.remove(),
  };
}

test("NAME@HOST shows all of one account: how it is entered, what runs as it, and what of it root alone saw", async () => {
  await using at = await openAccounts();
  const root = await at.latchkey("accounts", "root@web-1.example");
  expect(root.code).toBe(0);
  expect(root.out).toMatch(
    /^root@web-1\.example: system, root\n\nAccount\n {2}uid 0, shell \/bin\/bash, home \/root\n/,
  );
  expect(root.out).toContain(
    "/opt/tools/restart-app: runs as root, started by group deploy; group deploy may write to it",
  );
  expect(root.out).toContain(
    "/etc/krb5.keytab: host/web-1.example@EXAMPLE.ORG, nfs/web-1.example@EXAMPLE.ORG",
  );
  const { out: ubuntu } = await at.latchkey("accounts", "ubuntu@web-1.example");
  expect(ubuntu).toMatch(
    /certificates of SHA256:\S+ \(user CA 2026\) for ubuntu, operators, \/etc\/ssh\/user-ca\.pub:1: 31 logins, the last/,
  );
  const { out: backup } = await at.latchkey("accounts", "backup@web-1.example");
  expect(backup).toContain("40 more were counted, and not kept");
  const { out: clerk } = await at.latchkey("accounts", "clerk@mail-1.example");
  expect(clerk).toMatch(/as root read them on \d{4}-\d\d-\d\d; later readings were not by root/);
  expect(clerk).toContain("account expired; 1 key, password");
  expect(clerk).toContain("password: set 130 days ago, expired 40 days ago: to be changed at the next login");
});

test("with --json one account is one object, and a name that is none is looked for as a word", async () => {
  await using at = await openAccounts();
  const { out } = await at.latchkey("accounts", "ann@web-1.example", "--json");
  expect(JSON.parse(out)).toMatchObject({
    name: "ann",
    host: "web-1.example",
    isByRoot: true,
    passwordAge: { mostDays: 99_999 },
    becomes: [{ target: "deploy" }, { target: "root" }],
  });
  expect(JSON.parse(out)).not.toHaveProperty("id");
  const none = await at.latchkey("accounts", "nobody-here@web-1.example");
  expect([none.code, none.out]).toEqual([0, "no account matches"]);
  const list = await at.latchkey("accounts", "clerk");
  expect(list.out).toMatch(/clerk.*account expired; 1 key, password.*as root read it on/);
});
