import type { Plan } from "#shared/model/plan.ts";

/** Where the new key's private half is on this computer, once it has taken its place. */
export const pathsOfNewKey = ({ newKey }: Pick<Plan, "newKey">): string[] =>
  newKey === null || newKey.kind === "made-on-holder" || newKey.path === null ? [] : [newKey.path];
