import { expect, test } from "vitest";
import type { KeysGap } from "#shared/model/access/keys-reading.ts";
import { toInstant } from "#shared/model/instant.ts";
import { beginScan, makeAccount, makeGrant, visitHost } from "#store/testing/make-visit.ts";
import { ANN, APP, BOB, CI, DEPLOY, GRANTS, nameOf, openWorld, ROOT } from "./testing/review-world.ts";

/** A review in which one item is revoked, by its name, and the day after, on which hosts are read again. */
async function revokeOne(name: string) {
  const world = openWorld();
  await world.create();
  const found = (await world.items()).find((item) => nameOf(item) === name);
  const item = found?.item ?? 0;
  await world.api.decide({ review: "q2", items: [item], choice: "revoke", reason: "has left" });
  world.clock.now = new Date("2026-06-03T00:00:00Z");
  const outcome = async () => {
    const { state, waitsFor } = await world.api.item({ review: "q2", item });
    return { state, waitsFor };
  };
  const nextDay = () => {
    world.clock.now = new Date(world.clock.now.getTime() + 86_400_000);
  };
  return { ...world, item, about: found?.about ?? 0, outcome, nextDay };
}

const TOOR = makeAccount("toor", { uid: 0, kind: "system", root: "is-root", home: "/toor" });
const MOVED = makeGrant("bob", { account: "toor", file: "/toor/.ssh/authorized_keys" });

test("a key that moves to another name of the same number is still there, and is what a plan removes", async () => {
  const { visit, outcome, api, planned, store } = await revokeOne("bob root@web1");
  visit("web1", [ANN, CI, MOVED], [ROOT, TOOR, DEPLOY, APP]);
  expect(await outcome()).toEqual({
    state: "to-revoke",
    waitsFor: { for: "line", account: "toor", file: "/toor/.ssh/authorized_keys", line: 1 },
  });
  await api.plan({ review: "q2" });
  const ids = planned.flatMap((one) => (one.kind === "remove-grants" ? one.grants : []));
  expect(ids.map((id) => store.access.findRow(id)?.account)).toEqual(["toor"]);
});

test("an account that keeps its keys under another number has them still", async () => {
  const { visit, outcome } = await revokeOne("ci deploy@web1");
  const edited = { ...CI, uid: 1_050, options: "no-pty", text: "no-pty ssh-ed25519 ci" };
  visit("web1", [ANN, BOB, edited], [ROOT, { ...DEPLOY, uid: 1_050 }, APP]);
  expect((await outcome()).state).toBe("to-revoke");
});

const FILE: KeysGap = { why: "file", path: "/etc/ssh/keys/root" };
const COMMAND: KeysGap = { why: "command", command: "/usr/bin/keys %u" };

test.each([FILE, COMMAND, { why: "not-root" } as const, { why: "cut-short" } as const])(
  "a line that is gone is not known to be gone while keys of its account may be where nobody has read: $why",
  async (gap) => {
    const { visit, outcome, nextDay } = await revokeOne("bob root@web1");
    const keysReadings = [{ uid: 0, gap }];
    visit("web1", [ANN, CI], [ROOT, DEPLOY, APP], { keysReadings });
    expect(await outcome()).toEqual({ state: "to-revoke", waitsFor: { for: "reading", gap } });
    nextDay();
    visit("web1", [ANN, CI]);
    expect(await outcome()).toEqual({ state: "closed", waitsFor: null });
    // What one reading has shown stays shown, until the key is seen again.
    nextDay();
    visit("web1", [ANN, CI], [ROOT, DEPLOY, APP], { keysReadings });
    expect((await outcome()).state).toBe("closed");
  },
);

test("what root has read does not show that a line is gone which somebody else found gone later", async () => {
  const { visit, outcome, nextDay } = await revokeOne("bob root@web1");
  visit("web1", [ANN, CI, MOVED], [ROOT, TOOR, DEPLOY, APP]);
  nextDay();
  // The account itself says so, and it may say what it likes.
  const keysReadings = [{ uid: 0, gap: { why: "not-root" as const } }];
  visit("web1", [ANN, CI], [ROOT, TOOR, DEPLOY, APP], { keysReadings, readAs: "toor" });
  expect(await outcome()).toMatchObject({ state: "to-revoke", waitsFor: { for: "reading" } });
});

test("a key is gone with its account, once a reading by root has listed all accounts", async () => {
  const { visit, outcome, nextDay } = await revokeOne("ci deploy@web1");
  visit("web1", [ANN, BOB], [ROOT, APP], { readAs: "app" });
  expect((await outcome()).state).toBe("to-revoke");
  nextDay();
  visit("web1", [ANN, BOB], [ROOT, APP]);
  expect((await outcome()).state).toBe("closed");
});

test("an account that is called otherwise since is not gone, and what it is called is said", async () => {
  const { visit, outcome, nextDay } = await revokeOne("account deploy@web1");
  visit("web1", GRANTS, [ROOT, { ...DEPLOY, name: "deploy2" }, APP]);
  expect(await outcome()).toEqual({
    state: "to-disable",
    waitsFor: { for: "successor", account: "deploy2" },
  });
  nextDay();
  visit("web1", GRANTS, [ROOT, APP]);
  expect((await outcome()).state).toBe("closed");
});

test("an older bundle that is imported late shows nothing that a later reading has not", async () => {
  const { store, visit, outcome } = await revokeOne("bob root@web1");
  visit("web1", [ANN, CI]);
  expect((await outcome()).state).toBe("closed");
  const at = toInstant(new Date("2026-06-01T00:00:00Z"));
  visitHost(store, "web1", {
    scanId: beginScan(store, at),
    at,
    isOffline: true,
    collected: { grants: [ANN, CI], accounts: [ROOT, DEPLOY, APP] },
  });
  expect((await outcome()).state).toBe("closed");
});
