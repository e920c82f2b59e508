import { expect, test } from "vitest";
import {
  makeFile,
  makeHolder,
  makeHost,
  makePlanValue,
  makeRemovalPlan,
} from "#domain/runs/testdata/make-plan-value.ts";
import type { Instant } from "#shared/model/instant.ts";
import type { AccessPlan, RotateKeyPlan } from "#shared/model/runs/plan.ts";
import { KeyOptions } from "#shared/model/runs/plan-options.ts";
import { type KnownStep, partsOf } from "./script-parts.ts";

const GIVEN: RotateKeyPlan["newKey"] = {
  kind: "provided",
  line: "ssh-ed25519 AAAA",
  comment: "",
  path: null,
};

const formatParts = (plan: AccessPlan, told: readonly KnownStep[]): string[] =>
  partsOf(plan, told).map(({ host, phases }) => `${host.host} ${phases.join(" ")}`);

/** Every part as it comes, each reported as done. */
function roundsOf(plan: AccessPlan): string[][] {
  const told: KnownStep[] = [];
  const rounds: string[][] = [];
  for (let parts = partsOf(plan, told); parts.length > 0; parts = partsOf(plan, told)) {
    rounds.push(formatParts(plan, told));
    for (const { host, phases } of parts)
      for (const phase of phases) told.push({ host: host.host, port: host.port, phase, state: "verified" });
  }
  return rounds;
}

const hosts = (...names: string[]) =>
  names.map((host, batch) => makeHost({ host, batch, files: [makeFile(batch, "both")] }));

test("one host has one script for everything", () => {
  expect(roundsOf(makePlanValue({ newKey: GIVEN, hosts: hosts("web1") }))).toEqual([
    ["web1 grant revoke finish"],
  ]);
});

test("over several hosts no old line goes before the new one stands everywhere", () => {
  const plan = makePlanValue({ newKey: GIVEN, hosts: hosts("web1", "db1") });
  expect(roundsOf(plan)).toEqual([
    ["web1 grant", "db1 grant"],
    ["web1 grant revoke finish", "db1 grant revoke finish"],
  ]);
  const told = { host: "web1", port: 22, phase: "grant" } as const;
  expect(formatParts(plan, [{ ...told, state: "verified" }])).toEqual(["db1 grant"]);
  expect(formatParts(plan, [{ ...told, state: "rolled-back" }])).toEqual(["web1 grant", "db1 grant"]);
});

test("days of grace lie between what is added and what is removed, on one host as on many, and are counted from what was told last", () => {
  const options = KeyOptions.parse({ graceDays: 7 });
  const plan = makePlanValue({ newKey: GIVEN, hosts: hosts("web1"), options });
  expect(roundsOf(plan)).toEqual([["web1 grant"], ["web1 grant revoke finish"]]);
  const told = { host: "web1", port: 22, phase: "grant", state: "verified" } as const;
  const at = ["2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"] as const;
  const parts = partsOf(
    plan,
    at.map((one) => ({ ...told, at: one as Instant })),
  );
  expect(parts.map(({ notBefore }) => notBefore)).toEqual(["2026-01-09T00:00:00Z"]);
  expect(partsOf(plan, [])[0]?.notBefore).toBeUndefined();
});

test("a removal alone waits for nothing", () => {
  const [web, db] = hosts("web1", "db1").map((host) => ({ ...host, files: [makeFile(0, "removed")] }));
  const plan = makeRemovalPlan({ hosts: web && db ? [web, db] : [] });
  expect(roundsOf(plan)).toEqual([["web1 revoke finish", "db1 revoke finish"]]);
});

test("a key that is made where it is held is made first and handed over before any old line goes, and its old half stays to the end", () => {
  const path = "/home/ann/.ssh/id_ed25519";
  const vault = makeHost({ host: "vault", batch: 1, privateKeyLocations: [makeHolder("vault")] });
  const newKey = {
    kind: "made-on-host",
    keyType: "ed25519",
    comment: "",
    host: "vault",
    port: 22,
    path,
  } as const;
  expect(roundsOf(makePlanValue({ newKey, hosts: [...hosts("web1"), vault] }))).toEqual([
    ["vault create-key"],
    ["web1 grant"],
    ["vault install-key"],
    ["web1 grant revoke finish"],
    ["vault finish"],
  ]);
});
