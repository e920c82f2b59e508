import { expect, test } from "vitest";
import { reviewPlan } from "#domain/runs/access/imported/review-plan.ts";
import type { HostFacts } from "#domain/runs/access/plan-facts.ts";
import {
  makeAccountFacts,
  makeFacts,
  makeFileFacts,
  makeHolderFacts,
  makeHostFacts,
} from "#domain/runs/testdata/make-facts.ts";
import { OLD_KEY } from "#domain/runs/testdata/make-keys-file.ts";
import { planFor, stops } from "#domain/runs/testdata/plan-for.ts";
import { SAMPLE_KEYS } from "#domain/ssh/testdata/sample-keys.ts";
import type { PlanRequest } from "#shared/contract/runs.ts";

const OTHER = `${SAMPLE_KEYS.rsa} bob`;
const TEXT = `${OLD_KEY} a\n${OTHER}\n`;
const REMOVE: PlanRequest = { kind: "remove-grants", grants: [10] };

const unreadableRoot = { accounts: ["root"], path: "/root", why: "it may not be read", grants: [] };
const rootLogin = { account: "root", isRoot: true, key: "SHA256:another", certificate: null, from: null };
const unreadableOf = (host: HostFacts) =>
  planFor([host], { request: REMOVE, here: [] }).checks.filter(({ id }) => id === "unreadable");

test("a removal says which accounts' keys could not be read, for a copy of the line there lets in all the same", () => {
  const host = makeHostFacts("web1", TEXT, { unreadableKeys: [unreadableRoot] });
  expect(unreadableOf(host)).toMatchObject([
    {
      state: "warning",
      host: "web1",
      account: null,
      text: "the authorized keys of root could not be read (/root: it may not be read): where the key is among them, it still logs in there once this is done; log in as root, or with sudo, to know",
    },
  ]);
  const [asked] = unreadableOf({ ...host, login: rootLogin });
  expect(asked).toMatchObject({
    state: "acknowledge",
    text: expect.stringMatching(/it still logs in there once this is done$/),
  });
  expect(unreadableOf(makeHostFacts("web1", TEXT))).toEqual([]);
  // A plan from a file says the same.
  const plan = planFor([host], { request: REMOVE, here: [] });
  const taken = reviewPlan({ plan, facts: makeFacts([host], { request: REMOVE, here: [] }), elsewhere: [] });
  expect(taken).toMatchObject({ checks: expect.arrayContaining(unreadableOf(host)) });
});

test("an account of which a line was to go, and whose keys cannot be read now, keeps it, and the plan says what the last scan has shown", () => {
  const bob = makeAccountFacts("bob", [makeFileFacts("bob", TEXT)]);
  const grants = bob.grants.map((grant) => ({ ...grant, id: grant.id + 50 }));
  const unread = {
    accounts: ["bob"],
    path: null,
    why: "it may not be read",
    grants: grants.map((grant) => ({ account: "bob", grant })),
  };
  const host = makeHostFacts("web1", TEXT, { unreadableKeys: [unread] });
  const plan = planFor([host], { request: { kind: "remove-grants", grants: [10, 60] }, here: [] });
  expect(plan.checks.filter(({ id }) => id === "unreadable")).toMatchObject([
    {
      state: "acknowledge",
      account: "bob",
      text: "the keys of bob on web1 could not be read: it may not be read; by the last scan the key logs in there, and whether it still does is not known",
    },
  ]);
});

test("a title counts the lines that change, not what was asked for", () => {
  const file = { ...makeFileFacts("ann", TEXT), path: "/etc/ssh/keys", realPath: "/etc/ssh/keys" };
  const shared = { ...file, accounts: ["ann", "joe"] };
  const own = makeAccountFacts("ann", [shared]);
  const other = makeAccountFacts("joe", [shared]);
  const host = makeHostFacts("web1", "", {
    files: [shared],
    accounts: [own, { ...other, grants: other.grants.map((grant) => ({ ...grant, id: grant.id + 50 })) }],
  });
  const titleFor = (grants: number[]) =>
    planFor([host], { request: { kind: "remove-grants", grants }, here: [] }).title;
  // The line of two accounts is one, and what is known of 99 is gone.
  expect(titleFor([10, 60, 99])).toBe("Remove a grant on 1 host");
  expect(titleFor([10, 60, 11, 61, 99])).toBe("Remove 2 grants on 1 host");
});

test("no login is planned where the last scan shows that sshd lets nobody in by the line", () => {
  const file = makeFileFacts("ann", TEXT);
  const shut = makeAccountFacts("ann", [file]);
  const accounts = [
    { ...shut, grants: shut.grants.map((grant) => ({ ...grant, effective: "no" as const })) },
  ];
  const host = makeHostFacts("web1", "", { files: [file], accounts });
  const why = expect.stringContaining("sshd lets nobody in to ann by it");
  const tight = planFor([host], {
    request: { kind: "tighten-grants", grants: [10], from: "192.0.2.0/24", restrict: false, expiry: null },
  });
  expect(tight.hosts[0]?.verifications).toEqual([{ account: "ann", verification: { kind: "none", why } }]);
  const rotation = planFor([host], { here: [makeHolderFacts()] });
  expect(rotation.hosts[0]?.verifications).toEqual([{ account: "ann", verification: { kind: "none", why } }]);
  expect(stops(rotation)).toEqual(["acknowledge unverified"]);
  const taken = reviewPlan({ plan: rotation, facts: makeFacts([host]), elsewhere: [] });
  expect(taken).toMatchObject({
    hosts: [{ verifications: [{ account: "ann", verification: { kind: "none", why } }] }],
  });
});
