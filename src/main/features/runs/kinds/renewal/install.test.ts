import { expect, test } from "vitest";
import { RENEWAL_RULES } from "#domain/runs/renewal/rules.ts";
import { makeChange } from "#domain/runs/testdata/make-change.ts";
import { makeRenewalHost, makeRenewalPlan } from "#domain/runs/testdata/make-plan-value.ts";
import { indexCertificates } from "#domain/x509/path/path-certificate.ts";
import { formatCause } from "#shared/text/runs/run-cause.ts";
import { refuseIssued } from "./install.ts";
import type { RenewalRun } from "./tools.ts";

const plan = makeRenewalPlan({
  hosts: [makeRenewalHost({ host: "web1", batch: 0, certificates: [makeChange(0)] })],
});

test("what was issued and is of no use any more is not put in place, and its issue counts as failed", async () => {
  const said: string[] = [];
  const order = { chain: "", csr: new Uint8Array(), sha256: "aa" };
  const run = {
    plan,
    journal: { mark: async (ordinal: number, state: string) => void said.push(`${ordinal} ${state}`) },
    renewal: {
      derOf: () => null,
      roots: () => indexCertificates([]),
      now: () => new Date(0),
      orders: {
        get: () => order,
        set: async (_: unknown, more: object) => void said.push(JSON.stringify(more)),
      },
    },
  } as unknown as RenewalRun;
  const install = RENEWAL_RULES.steps(plan).find(({ phase }) => phase === "install");
  const issue = RENEWAL_RULES.steps(plan).find(({ phase }) => phase === "issue");
  if (!install || !issue) throw new Error("a renewal has both");
  expect(await refuseIssued(run, install, ["new"])).toBe(null);
  expect(said).toEqual([]);
  const why = await refuseIssued(run, install, ["old"]);
  expect(why && formatCause(why)).toMatch(/: what was issued cannot be used any more: /);
  expect(said).toEqual([`${issue.ordinal} failed`, expect.stringMatching(/"state":"refused".*"chain":null/)]);
});
