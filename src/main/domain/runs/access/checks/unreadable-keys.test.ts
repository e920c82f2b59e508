import { expect, test } from "vitest";
import { reviewPlan } from "#domain/runs/access/imported/review-plan.ts";
import type { FileStand, HostFacts } from "#domain/runs/access/plan-facts.ts";
import { keepsOldKeys } from "#domain/runs/left-out-files.ts";
import {
  grantsOf,
  makeAccountFacts,
  makeFacts,
  makeFileFacts,
  makeHolderFacts,
  makeHostFacts,
} from "#domain/runs/testdata/make-facts.ts";
import { OLD_KEY } from "#domain/runs/testdata/make-keys-file.ts";
import { planFor, stops } from "#domain/runs/testdata/plan-for.ts";
import { SAMPLE_KEYS } from "#domain/ssh/testdata/sample-keys.ts";

const TEXT = `${OLD_KEY} ann@laptop\n${SAMPLE_KEYS.rsa} bob\n`;

/** A host where ann's file changes, and alice's keys are unreadable. */
const withUnreadable = (...unreadableKeys: HostFacts["unreadableKeys"]) =>
  makeHostFacts("web1", TEXT, { unreadableKeys: unreadableKeys });

const asRoot = (host: HostFacts): HostFacts => ({
  ...host,
  login: { account: "root", isRoot: true, key: "SHA256:another", certificate: null, from: null },
});

const unreadableHome = (accounts: string[], more: Partial<HostFacts["unreadableKeys"][number]> = {}) => ({
  accounts,
  path: `/home/${accounts[0]}`,
  why: "it may not be read",
  grants: [],
  ...more,
});

const checkOf = (plan: ReturnType<typeof planFor>) => plan.checks.find(({ id }) => id === "unreadable");

test("accounts whose keys root could not read need a consent, once a host, and old halves are kept", () => {
  const plan = planFor([
    asRoot(withUnreadable(unreadableHome(["alice"]), unreadableHome(["root", "bob", "carl"]))),
  ]);
  expect(stops(plan)).toEqual(["acknowledge unreadable"]);
  expect(checkOf(plan)).toMatchObject({
    host: "web1",
    account: null,
    text: expect.stringContaining("of alice, root, bob and 1 more could not be read (/home/alice: it may"),
  });
  expect(keepsOldKeys(plan, [])).toBe(true);
});

test("a login that is not root reads few accounts: those that it could not read are a warning", () => {
  const plan = planFor([withUnreadable(unreadableHome(["root"]))]);
  expect(stops(plan)).toEqual([]);
  expect(checkOf(plan)).toMatchObject({ state: "warning", text: expect.stringContaining("log in as root") });
});

test("where no private key is replaced, keys that could not be read are no matter", () => {
  const plan = planFor([asRoot(withUnreadable(unreadableHome(["alice"])))], { here: [] });
  expect(stops(plan)).toEqual(["acknowledge private-keys"]);
  expect(checkOf(plan)).toBeUndefined();
});

test("an account that is known to take the key, and cannot be read now, is named and left out", () => {
  const alice = makeFileFacts("alice", TEXT);
  const plan = planFor([
    withUnreadable(
      unreadableHome(["alice"], {
        path: null,
        grants: grantsOf(alice).map((grant) => ({ account: "alice", grant })),
      }),
    ),
  ]);
  expect(stops(plan)).toEqual(["acknowledge unreadable"]);
  expect(checkOf(plan)).toMatchObject({
    account: "alice",
    text: expect.stringContaining("alice on web1 takes it, too, and its keys could not be read: it may not"),
  });
  expect(plan.leftOut).toEqual(["web1: the keys of alice could not be read: it may not be read"]);
  expect(keepsOldKeys(plan, [])).toBe(true);
});

test("a home that was not read once is no matter where a file in it is read now", () => {
  const plan = planFor([withUnreadable(unreadableHome(["ann"]))]);
  expect(stops(plan)).toEqual([]);
  expect(keepsOldKeys(plan, [])).toBe(false);
});

/** Ann's file is read; of alice's, which is known to have the key, this was found. */
function planAbsent(stand: FileStand): ReturnType<typeof planFor> {
  const files = ["ann", "alice"].map((name) => makeFileFacts(name, TEXT));
  const accounts = files.map((file) => makeAccountFacts(file.accounts[0] ?? "", [file]));
  const found = files.map((file, index) => (index === 1 ? { ...file, stand } : file));
  return planFor([makeHostFacts("web1", TEXT, { accounts, files: found })]);
}

test("a known line whose file has gone is no matter, and needs a consent where its folder cannot be seen either", () => {
  expect(
    stops(planAbsent({ kind: "absent", lacks: { creates: "file", uid: 1_000, workFolder: null } })),
  ).toEqual([]);
  for (const stand of [
    { kind: "absent" as const },
    { kind: "absent" as const, lacks: { creates: "folder" as const, uid: 0, workFolder: null } },
  ]) {
    const plan = planAbsent(stand);
    expect(stops(plan)).toEqual(["acknowledge unreadable"]);
    expect(checkOf(plan)).toMatchObject({ host: "web1", account: "alice" });
    expect(keepsOldKeys(plan, [])).toBe(true);
  }
});

test("a plan from elsewhere asks for the same consent", () => {
  const hosts = [asRoot(withUnreadable(unreadableHome(["alice"])))];
  const taken = reviewPlan({ plan: planFor(hosts), facts: makeFacts(hosts), elsewhere: [] });
  if ("refused" in taken) throw new Error(taken.refused);
  expect(stops(taken)).toEqual(["acknowledge unreadable"]);
});

test("of a host that is left out nothing more is asked", () => {
  const left = { ...withUnreadable(unreadableHome(["alice"])), host: "web2", unreadable: "no answer" };
  const plan = planFor([makeHostFacts("web1", TEXT), left], { here: [makeHolderFacts()] });
  expect(stops(plan)).toEqual(["acknowledge unreadable"]);
  expect(checkOf(plan)?.text).toContain("it could not be read");
});
