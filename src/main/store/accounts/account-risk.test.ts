import { expect, test } from "vitest";
import { RootStanding } from "#shared/model/access/account.ts";
import {
  type RecordedRisk,
  type RiskFactor,
  RiskLevel,
  rankOf,
  weightOf,
} from "#shared/model/access/risk.ts";
import { openStore } from "#store/store.ts";
import { listAccounts, readAll } from "#store/testing/ask.ts";
import { randomFrom } from "#store/testing/dated-steps.ts";
import { makeAccount, makeGrant, makeKeyFile, visitHost } from "#store/testing/make-visit.ts";
import { openFile } from "#store/testing/open-file.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";

const BY_RISK = { sort: { by: "risk", descending: false } } as const;

test("accounts are listed in the order of the product of their factors, page by page, whatever these are", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  const random = randomFrom(80);
  const any = <Value>(values: readonly Value[]): Value => values[random.upTo(values.length)] as Value;
  const factor = (): RiskFactor => {
    const [one, other] = [any(RiskLevel.options), any(RiskLevel.options)];
    return weightOf(one) <= weightOf(other) ? { level: one, atMost: other } : { level: other, atMost: one };
  };
  const risk = (): RecordedRisk => ({
    entry: factor(),
    exposure: factor(),
    age: factor(),
    arePrivateKeysRead: any([true, false]),
    reasons: { entry: [], exposure: [], age: [] },
  });
  const accounts = Array.from({ length: 200 }, (_, index) =>
    makeAccount(`account-${index}`, { uid: index, root: any(RootStanding.options), risk: risk() }),
  );
  visitHost(store, "web1", { collected: { accounts } });
  database.write("UPDATE account SET owner = 'Ann' WHERE uid % 3 = 0");

  const rows = readAll((page) => listAccounts(store, { ...BY_RISK, ...page }), 7);
  expect(rows).toHaveLength(200);
  const ranks = rows.map((row) => rankOf(row.risk));
  expect(ranks).toEqual(ranks.toSorted((one, other) => other - one));
  expect(new Set(ranks).size).toBeGreaterThan(50);
});

test("what a private key opens on other hosts raises the reach of the account that has it, and sinks when it is gone there", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  const reachOf = () => listAccounts(store, { host: "ci" }).rows[0]?.risk.reach;
  const openHosts = (count: number) => {
    for (let index = 0; index < 12; index++)
      visitHost(store, `web${index}`, { collected: { grants: index < count ? [makeGrant("deploy")] : [] } });
  };
  const home = { accounts: [makeAccount("root")], keyFiles: [makeKeyFile("deploy")] };
  visitHost(store, "ci", { collected: home });
  for (const [count, level] of [
    [0, "none"],
    [1, "low"],
    [2, "medium"],
    [11, "high"],
    [2, "medium"],
    [0, "none"],
  ] as const) {
    openHosts(count);
    expect(reachOf(), `${count} accounts`).toEqual({ level, atMost: level });
  }
  openHosts(3);
  visitHost(store, "ci", { collected: { ...home, keyFiles: [] } });
  expect(reachOf()).toEqual({ level: "none", atMost: "none" });
});

test("a file that only claims to hold a key raises what the reach may be, and not what it is known to be", () => {
  const store = openStore({ path: ":memory:", access: "write" });
  for (const host of ["web1", "web2"])
    visitHost(store, host, { collected: { grants: [makeGrant("deploy")] } });
  const claimed = { ...makeKeyFile("deploy"), possession: { kind: "claimed", why: "locked" } as const };
  visitHost(store, "ci", { collected: { accounts: [makeAccount("root")], keyFiles: [claimed] } });
  const [row] = listAccounts(store, { host: "ci" }).rows;
  expect(row?.risk.reach).toEqual({ level: "none", atMost: "medium" });
  expect(store.accounts.find(row?.id ?? 0)?.riskReasons.reach).toEqual([
    { what: "opens", count: 2, isVerified: false },
  ]);
});

test("who answers for an account is out of its exposure at once, and what may be missed makes its reach unknown", async () => {
  await using folder = await makeTemporaryFolder();
  using database = openFile(folder.path);
  const { store } = database;
  const account = makeAccount("deploy", {
    risk: { ...makeAccount("deploy").risk, arePrivateKeysRead: false },
  });
  visitHost(store, "web1", { collected: { accounts: [account] } });
  const risk = () => listAccounts(store, { host: "web1" }).rows[0]?.risk;
  expect(risk()).toMatchObject({
    reach: { level: "none", atMost: "high" },
    exposure: { level: "medium", atMost: "medium" },
  });
  database.write("UPDATE account SET owner = 'Ann'");
  expect(risk()?.exposure).toEqual({ level: "none", atMost: "none" });
});
