import { expect, test } from "vitest";
import { findError } from "#domain/runs/access/imported/validate-plan.ts";
import { GIVEN, makeFileFacts, makeHostFacts, makeStand, ROTATE } from "#domain/runs/testdata/make-facts.ts";
import { createDice, makeLines, NEW_KEY, OLD_KEY, toBytes } from "#domain/runs/testdata/make-keys-file.ts";
import { planFor } from "#domain/runs/testdata/plan-for.ts";
import { SAMPLE_KEYS } from "#domain/ssh/testdata/sample-keys.ts";
import {
  type AccessHost,
  type AccessPlan,
  type FilePlan,
  NEW_KEY_PLACEHOLDER,
  type RotateKeyPlan,
} from "#shared/model/runs/plan.ts";

const OTHER = `${SAMPLE_KEYS.rsa} bob`;
const TEXT = `# a\n${OLD_KEY} me\n${OTHER}\n`;
const place = { host: "web1", port: 22, account: "ann" };

const PLANS: AccessPlan[] = [
  planFor([makeHostFacts("web1", TEXT)]),
  planFor([makeHostFacts("web1", `${OLD_KEY} me\r\n\\x0a ${OTHER}\r\n${OLD_KEY}`)]),
  planFor([makeHostFacts("web1", TEXT)], { provided: GIVEN, request: { ...ROTATE, newKey: NEW_KEY } }),
  planFor([makeHostFacts("web1", TEXT)], { request: { kind: "remove-grants", grants: [10] } }),
  planFor([makeHostFacts("web1", OTHER)], {
    request: { kind: "add-grants", key: NEW_KEY, options: "", accounts: [place] },
    provided: GIVEN,
    key: null,
    here: [],
  }),
  planFor([makeHostFacts("web1", TEXT)], {
    request: { kind: "tighten-grants", grants: [10], from: "10.0.0.0/8", restrict: true, expiry: null },
  }),
  planFor([makeHostFacts("web1", TEXT)], {
    request: { kind: "move-to-authority", grants: [10], authority: NEW_KEY, principals: [] },
    provided: GIVEN,
  }),
];

test("a plan that was made here has no flaw, whatever its files are like", () => {
  expect(PLANS.map(findError)).toEqual(PLANS.map(() => null));
  for (let seed = 1; seed <= 200; seed++) {
    const lines = makeLines(createDice(seed));
    const bytes = toBytes(lines.map(({ text, end }) => `${text}${end}`).join(""));
    const stand = { ...makeStand(""), bytes };
    const plan = planFor([makeHostFacts("web1", "", { files: [makeFileFacts("ann", "", { stand })] })]);
    expect(findError(plan)).toBeNull();
  }
});

test("a plan that would write something else than it shows is refused, with what and where", () => {
  const plan = PLANS[0] as RotateKeyPlan;
  const [host] = plan.hosts as [AccessHost];
  const [file] = host.files as [FilePlan];
  const withFile = (more: Partial<FilePlan>, of: Partial<RotateKeyPlan> = {}): RotateKeyPlan => ({
    ...plan,
    ...of,
    hosts: [{ ...host, files: [{ ...file, ...more }] }],
  });
  const [splice] = file.removed ?? [];
  if (!splice) throw new Error("nothing is removed");
  const backdoor = `${splice.inserted}\\x0a${OTHER}`;
  const flaws: [RotateKeyPlan, string][] = [
    [withFile({ removed: [{ ...splice, inserted: backdoor }] }), "otherwise than the plan shows"],
    [withFile({ removed: [] }), "otherwise than the plan shows"],
    [withFile({ hunks: [] }), "otherwise than the plan shows"],
    [withFile({ changes: 0 }), "other numbers of lines"],
    [withFile({ removed: [{ ...splice, at: file.sizeBytes }] }), "where it has no bytes"],
    [withFile({}, { oldKey: GIVEN.fingerprint }), "another key than the old one"],
    [
      withFile({ added: [{ at: 0, removed: "", inserted: `${OTHER}\\x0a` }] }),
      "another key than the new one",
    ],
    [withFile({ path: "/home/ann/../root/.ssh/authorized_keys" }), "is not plain"],
    [{ ...plan, hosts: [host, host] }, "web1 is in it twice"],
    [{ ...plan, hosts: [{ ...host, verifications: [] }] }, "does not say how ann is verified"],
    [
      { ...plan, newKey: { kind: "provided", line: `${NEW_KEY}\n${OTHER}`, comment: "", path: null } },
      "is not one key",
    ],
  ];
  for (const [edited, said] of flaws) expect(findError(edited)).toContain(said);
  const hidden = file.hunks.map((hunk) => ({
    ...hunk,
    rows: hunk.rows.map((row) => (row.sign === "+" ? { ...row, text: `${NEW_KEY_PLACEHOLDER} you` } : row)),
  }));
  expect(findError(withFile({ hunks: hidden }))).toContain("otherwise than the plan shows");
});
