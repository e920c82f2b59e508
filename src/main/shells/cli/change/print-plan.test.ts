import { expect, test } from "vitest";
import { makeRenewalHost, makeRenewalPlan } from "#domain/runs/testdata/make-plan-value.ts";
import type { Replacement } from "#shared/model/runs/deployment.ts";
import { RenewalOptions } from "#shared/model/runs/plan-options.ts";
import { formatCertificate, formatOptions } from "./print-plan.ts";

test("how names are shown to be ours is printed with the plan, with the program that this computer runs for it", () => {
  const change: Replacement = {
    id: "c0",
    old: "a".repeat(64) as Replacement["old"],
    subject: "CN=a",
    names: ["a.example"],
    notAfter: "2026-06-01T00:00:00Z",
    key: { kind: "p256", made: "there" },
    issuer: { id: 1, name: "corp", kind: "acme" },
    challenge: { kind: "dns-hook", program: "/home/jo/repo/.hook" },
    files: [],
    services: [],
    verificationEndpoints: [],
  };
  expect(formatCertificate(change)).toContain("    ACME challenge: DNS, by the program /home/jo/repo/.hook");
  expect(formatCertificate({ ...change, challenge: null }).join("\n")).not.toContain("shown to be yours");
});

test("what a run of the plan will do is printed with it, also where its options came with a file", () => {
  const say = (options: object, count = 2) =>
    formatOptions(
      makeRenewalPlan({
        options: RenewalOptions.parse(options),
        hosts: Array.from({ length: count }, (_, batch) => makeRenewalHost({ host: `web${batch}`, batch })),
      }),
    );
  expect(say({})).toEqual([
    "  one host first, as a canary; then 8 hosts at a time",
    "  stops after 1 failed host",
    "  a host rolls back by itself unless it is verified within 120 seconds",
    "  the old files are removed after a post-deployment check, 60 minutes later",
  ]);
  expect(say({ canary: false, maxFailures: 9, postCheckMinutes: 0, batchSize: 1 })).toEqual([
    "  1 host at a time",
    "  stops after 9 failed hosts",
    "  a host rolls back by itself unless it is verified within 120 seconds",
    "  the old files are removed without a post-deployment check",
  ]);
  expect(say({}, 1)[0]).toContain("stops after 1 failed host");
});
