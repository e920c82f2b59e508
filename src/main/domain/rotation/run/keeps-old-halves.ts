import { LEFT_OUT } from "#domain/rotation/plan/left-out.ts";
import type { Plan } from "#shared/model/plan.ts";

/** Somewhere the old key still lets in, or its holder was left out: its private halves are kept aside at the end. */
export const keepsOldHalves = ({ checks, hosts }: Plan): boolean =>
  checks.some(({ id, state }) => state === "consent" && LEFT_OUT.has(id)) ||
  hosts.some(({ files }) => files.some(({ added, removed }) => added !== null && removed === null));
