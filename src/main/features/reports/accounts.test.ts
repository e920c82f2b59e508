import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import type { CollectedHost } from "#store/probe-record.ts";
import { openStore } from "#store/store.ts";
import { makeAccount, visitHost } from "#store/testing/make-visit.ts";
import { createAccounts } from "./index.ts";

const ROOT = makeAccount("root", { uid: 0, home: "/root", kind: "system", root: "is-root" });
const ANN = makeAccount("ann", {
  uid: 1_001,
  kind: "person",
  root: "becomes-root",
  grantCount: 2,
  lastLoginAt: "2026-05-20T08:00:00Z",
});
const APP = makeAccount("app", {
  uid: 990,
  home: "/srv/app",
  kind: "service",
  workloads: [{ kind: "process", name: "app", count: 3, isContained: false }],
  workloadCount: 1,
});

function open(...visits: [string, Partial<CollectedHost>][]) {
  const store = openStore({ path: ":memory:", access: "write" });
  for (const [host, collected] of visits) visitHost(store, host, { collected });
  return { accounts: createRouterClient(createAccounts({ store })) };
}

const { accounts } = open(["web2", { accounts: [ANN, APP, ROOT] }], ["web1", { accounts: [ROOT, APP] }]);
const list = async (asked: Parameters<typeof accounts.list>[0]) =>
  (await accounts.list(asked)).rows.map(({ host, name }) => `${name}@${host}`);

test("accounts are listed in the order of host and number", async () => {
  expect(await list({})).toEqual(["root@web1", "app@web1", "root@web2", "app@web2", "ann@web2"]);
});

test("filters let through what they say, and words are looked for in name, home and host", async () => {
  expect(await list({ host: "web1" })).toEqual(["root@web1", "app@web1"]);
  expect(await list({ kind: "person" })).toEqual(["ann@web2"]);
  expect(await list({ root: "becomes-root" })).toEqual(["ann@web2"]);
  expect(await list({ search: "srv web2" })).toEqual(["app@web2"]);
  expect(await list({ search: "an" })).toEqual(["ann@web2"]);
});

test("each order of the list has every account once, a page at a time", async () => {
  for (const by of ["host", "name", "kind", "root", "grantCount", "lastLoginAt"] as const)
    for (const descending of [false, true]) {
      const seen: number[] = [];
      let after: string | null = null;
      do {
        const page: Awaited<ReturnType<typeof accounts.list>> = await accounts.list({
          sort: { by, descending },
          after,
          limit: 2,
        });
        seen.push(...page.rows.map(({ id }) => id));
        after = page.next;
      } while (after !== null);
      expect({ by, ids: seen.toSorted() }).toEqual({ by, ids: [1, 2, 3, 4, 5] });
    }
});

test("an account is found with what runs as it and who becomes it", async () => {
  const rule = {
    account: "ann",
    target: "app",
    by: "sudo",
    commands: "any",
    password: "none",
    isCertain: true,
    what: [],
    shell: null,
    rule: "/etc/sudoers:3",
  } as const;
  const reach = { escalations: [rule], areRulesRead: true, agents: [], outbound: [], unreadablePaths: [] };
  const { accounts } = open([
    "web1",
    { accounts: [ANN, APP], reach: { ...reach, escalations: [{ ...rule, what: [] }] } },
  ]);
  const [ann, app] = await Promise.all([accounts.find({ id: 1 }), accounts.find({ id: 2 })]);
  expect(ann).toMatchObject({ name: "ann", becomes: [{ target: "app" }], becomeIt: [] });
  expect(app).toMatchObject({ home: "/srv/app", becomeIt: [{ account: "ann" }], workloads: APP.workloads });
  await expect(accounts.find({ id: 9 })).rejects.toThrow("there is no account 9");
});

test("what a later reading lost of the logs is still the last login, and an account that comes back is found again", async () => {
  const { accounts } = open(
    ["web1", { accounts: [ANN, APP] }],
    ["web1", { accounts: [APP] }],
    ["web1", { accounts: [{ ...ANN, lastLoginAt: null, home: "/home/moore" }, APP] }],
  );
  const { rows } = await accounts.list({ search: "moore" });
  expect(rows).toMatchObject([{ name: "ann", lastLoginAt: "2026-05-20T08:00:00Z" }]);
  expect((await accounts.list({})).total).toBe(2);
});

test("an account that is gone is in no list, and is found as it was, and as gone", async () => {
  const { accounts } = open(["web1", { accounts: [ANN, APP] }], ["web1", { accounts: [APP] }]);
  expect((await accounts.list({})).rows).toMatchObject([{ name: "app" }]);
  expect(await accounts.find({ id: 1 })).toMatchObject({ name: "ann", isGone: true });
  expect(await accounts.find({ id: 2 })).toMatchObject({ name: "app", isGone: false });
});
