/** What requests about pairs are made of. */

import type { Failed, Refused } from "#net/ssh/session/exchange.ts";
import type { Lost } from "#net/ssh/session/hand.ts";
import type { DeploymentFile, Service } from "#shared/model/pair.ts";
import { RESTART } from "#shared/model/told-by.ts";

/** One certificate's files within a run. */
export type PairOfRun = { token: string; id: string };
/** `wanted`: the hashes that the files get, in their order; as staging answers them. */
export type PairFiles = PairOfRun & { files: readonly DeploymentFile[]; wanted: readonly string[] };

/** `path`: of the first file that is neither what it was nor what it is to be. */
export type PairChanged = { kind: "changed"; path: string; hash: string | null };
export type PairTail = Refused | Failed | Lost;

/** Five words a file. What stays as it is is left out. */
export const wordsOfFiles = (files: readonly DeploymentFile[], wanted: readonly string[]): string[] =>
  files.flatMap(({ path, real, before }, nth) => {
    const after = wanted[nth] ?? before;
    return after === before ? [] : [String(nth), path, real, before, after];
  });

/** Four words a server. That it may be started again is said in the place of a described command. */
export const wordsOfService = ({ server, config, described, reload }: Service): string[] => [
  server,
  config ?? "",
  described?.test ?? "",
  described?.reload ?? (reload === RESTART ? "restart" : ""),
];

export function readPairChanged([why, path = "", hash]: readonly string[]): PairChanged | null {
  return why === "changed" ? { kind: "changed", path, hash: hash || null } : null;
}
