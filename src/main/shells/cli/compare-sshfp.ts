import { MOST_COMPARED } from "#shared/contract/host-keys.ts";
import type { LatchkeyClient } from "#shared/contract/index.ts";
import type { HostKeyRow } from "#shared/model/host-key.ts";
import type { SshfpComparison, SshfpResult } from "#shared/model/sshfp.ts";

/** What DNS says of one key; `result` null where it has no record of its name. */
export type Compared = Omit<SshfpComparison, "name" | "ids" | "keys"> & { result: SshfpResult | null };

/** Asks DNS for the names of these rows, and of no others. */
export async function compareWithDns(
  { hostKeys }: LatchkeyClient,
  rows: readonly HostKeyRow[],
  resolver: string | null,
): Promise<{ ofRow: (row: HostKeyRow) => Compared | null; failures: string[] }> {
  const names: SshfpComparison[] = [];
  const chosen = rows.filter(({ host }) => host !== null);
  for (let start = 0; start < chosen.length; start += MOST_COMPARED) {
    const ids = chosen.slice(start, start + MOST_COMPARED).map(({ id }) => id);
    names.push(...(await hostKeys.compareSshfp({ ids, resolver })).names);
  }
  const byId = new Map(names.flatMap((one) => one.ids.map((id) => [id, toCompared(one, id)] as const)));
  return {
    ofRow: ({ id }) => byId.get(id) ?? null,
    failures: names.filter(({ answer }) => answer === "failed").map(({ name, why }) => `${name}: ${why}`),
  };
}

const toCompared = ({ name: _, ids: __, keys, ...said }: SshfpComparison, id: string): Compared => ({
  ...said,
  result: keys.find((key) => key.id === id)?.result ?? null,
});

/** In a few words, for a column. */
export function sayCompared(compared: Compared | null): string {
  if (compared === null) return "";
  const { answer, result, isValidated } = compared;
  if (result === null) return answer === "none" ? "no record" : answer;
  return `${result}${isValidated ? ", DNSSEC" : ""}`;
}
