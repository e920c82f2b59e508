import { createRouterClient } from "@orpc/server";
import { expect, test } from "vitest";
import { RootStanding } from "#shared/model/access/account.ts";
import type { CollectedHost } from "#store/probe-record.ts";
import { openStore } from "#store/store.ts";
import { beginScan, makeAccount, visitHost } from "#store/testing/make-visit.ts";
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

test("of who becomes root, the surest comes first, and each is found by its standing", async () => {
  const { accounts } = open([
    "web1",
    { accounts: RootStanding.options.toReversed().map((root, uid) => makeAccount(root, { uid, root })) },
  ]);
  const { rows } = await accounts.list({ sort: { by: "root", descending: false } });
  expect(rows.map(({ root }) => root)).toEqual(RootStanding.options);
  for (const root of RootStanding.options)
    expect((await accounts.list({ root })).rows.map(({ name }) => name)).toEqual([root]);
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

test("what root saw of an account stays until root reads again, and says when that was", async () => {
  const seen = { passwordState: "unknown", kind: "unknown", root: "maybe", grantCount: 0 } as const;
  const asUser = { readAs: "audit", accounts: [{ ...ANN, ...seen, workloads: [] }] };
  const store = openStore({ path: ":memory:", access: "write" });
  const accounts = createRouterClient(createAccounts({ store }));
  const visit = (at: string, collected: Partial<CollectedHost>) =>
    visitHost(store, "web1", { at, scanId: beginScan(store, at), collected });
  const find = () => accounts.find({ host: "web1", port: 22, name: "ann" });
  visit("2026-05-01T00:00:00Z", { accounts: [{ ...ANN, shell: "/bin/zsh", groups: ["ann"] }] });
  visit("2026-05-02T00:00:00Z", {
    ...asUser,
    accounts: [{ ...ANN, ...seen, shell: "/bin/zsh", groups: ["ann", "adm"] }],
  });
  expect(await find()).toMatchObject({
    kind: "person",
    passwordState: "set",
    root: "becomes-root",
    grantCount: 2,
    groups: ["ann", "adm"],
    isByRoot: true,
    evaluatedAt: "2026-05-01T00:00:00Z",
    lastSeen: "2026-05-02T00:00:00Z",
  });

  // With another shell it is no longer what root saw.
  visit("2026-05-03T00:00:00Z", asUser);
  expect(await find()).toMatchObject({
    kind: "unknown",
    isByRoot: false,
    evaluatedAt: "2026-05-03T00:00:00Z",
  });
  visit("2026-05-04T00:00:00Z", { accounts: [{ ...ANN, kind: "unknown", grantCount: 0 }] });
  expect(await find()).toMatchObject({ kind: "unknown", grantCount: 0, isByRoot: true });
});

const rootAfter = async (
  ...standings: [readAs: string, root: RootStanding, isEscalationShown?: boolean][]
) => {
  const { accounts } = open(
    ...standings.map(([readAs, root, isEscalationShown = false]): [string, Partial<CollectedHost>] => [
      "web1",
      { readAs, accounts: [{ ...ANN, root, isEscalationShown }] },
    ]),
  );
  return (await accounts.find({ id: 1 })).root;
};

test("that an account becomes root counts from whoever sees it, and that it does not from root alone", async () => {
  expect(await rootAfter(["root", "no"], ["audit", "maybe"])).toBe("no");
  expect(await rootAfter(["root", "becomes-root"], ["audit", "no"])).toBe("becomes-root");
  expect(await rootAfter(["root", "no"], ["audit", "becomes-root"])).toBe("becomes-root");
  expect(await rootAfter(["root", "becomes-root"], ["root by sudo", "no"])).toBe("no");
});

test("a way by which an account may become root counts from whoever sees it, and a guess does not", async () => {
  expect(await rootAfter(["root", "no"], ["audit", "maybe", true])).toBe("maybe");
  expect(await rootAfter(["root", "unknown"], ["audit", "maybe", true])).toBe("maybe");
  expect(await rootAfter(["root", "no"], ["audit", "maybe"])).toBe("no");
  expect(await rootAfter(["root", "becomes-root"], ["audit", "maybe", true])).toBe("becomes-root");
  expect(await rootAfter(["root", "no"], ["audit", "maybe", true], ["audit", "no"])).toBe("maybe");
  expect(await rootAfter(["root", "no"], ["audit", "maybe", true], ["root", "no"])).toBe("no");
});

const HELPER = {
  path: "/opt/helper",
  owner: "app",
  group: "app",
  isSetuid: true,
  isSetgid: false,
  startableBy: "everybody",
  writableBy: "owner",
  hasAcl: false,
} as const;
const PROGRAMS = {
  uidRange: { min: 1_000, max: 60_000, systemMax: 999 },
  setuidPrograms: [HELPER, { ...HELPER, path: "/usr/bin/su", owner: "root", group: "root" }],
  isSetuidWhole: true,
  keytabs: [{ path: "/etc/krb5.keytab", principals: ["host/web1@EXAMPLE"] }],
  unassigned: [],
};

test("an account has the setuid programs that run as it, and root has the host's keytabs", async () => {
  const { accounts } = open(["web1", { accounts: [ROOT, APP], programs: PROGRAMS }]);
  const find = (name: string) => accounts.find({ host: "web1", port: 22, name });
  expect(await find("app")).toMatchObject({
    setuidPrograms: [{ path: "/opt/helper" }],
    isSetuidWhole: true,
    keytabs: [],
  });
  expect(await find("root")).toMatchObject({
    setuidPrograms: [{ path: "/usr/bin/su" }],
    keytabs: PROGRAMS.keytabs,
  });
  await expect(find("ann")).rejects.toThrow("there is no account ann@web1");
  const { accounts: others } = open(["web1", { accounts: [ROOT] }]);
  expect(await others.find({ id: 1 })).toMatchObject({
    setuidPrograms: [],
    isSetuidWhole: false,
    keytabs: null,
  });
});

test("of a host's programs, too, an ordinary user's reading takes nothing away that root saw", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  const less = { ...PROGRAMS, setuidPrograms: [], isSetuidWhole: false, keytabs: null };
  visitHost(store, "web1", { collected: { readAs: "audit", programs: less } });
  expect(store.hosts.find(1)?.programs).toMatchObject({ isByRoot: false, keytabs: null });
  visitHost(store, "web1", { collected: { programs: PROGRAMS } });
  visitHost(store, "web1", { collected: { readAs: "audit", programs: less } });
  expect(store.hosts.find(1)?.programs).toMatchObject({ isByRoot: true, ...PROGRAMS });
  visitHost(store, "web1", { collected: { programs: null } });
  visitHost(store, "web1", { collected: { readAs: "root by sudo", programs: less } });
  expect(store.hosts.find(1)?.programs).toMatchObject({ isByRoot: true, keytabs: null });
});
