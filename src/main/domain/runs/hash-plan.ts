import { hash } from "node:crypto";
import type { Plan, PlanHash } from "#shared/model/runs/plan.ts";

/** The hash that is approved: of the plan's JSON with the keys of every object in order and no blanks. */
export const hashPlan = (plan: Plan): PlanHash => hash("sha256", toCanonicalJson(plan), "hex");

function toCanonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(toCanonicalJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  const sorted = entries.sort(([one], [other]) => (one < other ? -1 : 1));
  return `{${sorted.map(([key, one]) => `${JSON.stringify(key)}:${toCanonicalJson(one)}`).join(",")}}`;
}
