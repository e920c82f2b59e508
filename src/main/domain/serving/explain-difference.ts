/** What would explain that another certificate is served than the one in its file. Nothing here is a claim that it was not reloaded. */
import type { Pair } from "#domain/server-configs/configuration.ts";
import type { MapIndex } from "./map-index.ts";
import { formatOlder, hasSameNames, isRenewalOf } from "./not-reloaded.ts";
import type { Files, Held, Known } from "./sight.ts";

/**
 * How what is served and what its file holds follow each other. `rolled-back`, `renewed`, `replaced`, `other-names`: the file held the one
 * that is served, and holds an earlier one, a later one, one of which neither is known, one for other names now. `copied`: it is copied to where the server reads it.
 * `earlier`: nobody saw it in the file, which holds a later one for the same names. `elsewhere`: none of these.
 */
export type Difference =
  | "rolled-back"
  | "renewed"
  | "replaced"
  | "other-names"
  | "copied"
  | "earlier"
  | "elsewhere";

type Explained =
  | { state: "other-listed"; difference: null; evidence: string[] }
  | { state: "differs"; difference: Difference; evidence: string[] };

/** `pairs`: those that were to be served; each of their files was read. */
export function explainDifference(known: Known, pairs: readonly Pair[]): Explained {
  const { map, files, sight } = known;
  const { sha256 } = sight.leaf;
  const meant = `${pairs.map(({ certificate }) => certificate.path).join(" or ")} holds another one`;
  const other = findListed(map, files, sha256);
  if (other) return { state: "other-listed", difference: null, evidence: [other, meant] };
  for (const pair of pairs) {
    const before = formatBefore(known, pair);
    if (before) return { state: "differs", ...before };
  }
  return { state: "differs", difference: "elsewhere", evidence: [formatFile(map, files, sha256), meant] };
}

/** Where else on the host it lies. */
function formatFile(map: MapIndex, files: Files, sha256: string): string {
  const file = files.alsoIn(sha256);
  if (file === null) {
    const nowhere = "no file that was read on this host holds the certificate that is served";
    const [before] = files.heldUntil(sha256);
    return before ? `${nowhere}; ${before[1]} ${before[0]} still held it` : nowhere;
  }
  return map.listed(file)
    ? `the certificate that is served is in ${file}, behind the first certificate in it`
    : `the certificate that is served is in ${file}, which no configuration that was read serves`;
}

type Before = { difference: Difference; evidence: string[] };

/** As far as it is known; null: nothing is. */
function formatBefore(
  { map, files, sight: { leaf }, listening }: Known,
  { certificate: { path }, copiedBy }: Pair,
): Before | null {
  const until = files.heldUntil(leaf.sha256).get(path);
  const now = files.heldNow(path);
  if (!now) return null;
  const older = formatOlder(map, path, listening);
  if (until !== undefined) {
    const before = `${until} ${path} still held the certificate that is served`;
    if (copiedBy === undefined) {
      const { difference, phrase } = formatNow(leaf, now);
      return { difference, evidence: [before, `${path} ${phrase}`] };
    }
    const copied = `${path} holds another one now, which ${copiedBy} copies to where it is served from`;
    return { difference: "copied", evidence: [before, copied] };
  }
  if (!isRenewalOf(leaf, now)) return null;
  const same = `what is served is for the same names as what ${path} holds, and was issued earlier`;
  // What the file held before nobody has seen: it may never have been this one.
  const perhaps = "if it was in that file before, it was not reloaded since";
  return { difference: "earlier", evidence: [same, ...(older.length > 0 ? [...older, perhaps] : [])] };
}

function formatNow(leaf: Held, now: Held): { difference: Difference; phrase: string } {
  if (!hasSameNames(leaf, now)) return { difference: "other-names", phrase: "holds one for other names now" };
  if (isRenewalOf(leaf, now))
    return {
      difference: "renewed",
      phrase: "holds a later one now; whether the server has started or read it since is not known",
    };
  if (isRenewalOf(now, leaf))
    return {
      difference: "rolled-back",
      phrase: "holds one now that was issued earlier: it was rolled back",
    };
  // Some authorities let all that they sign on one day begin at its midnight.
  return {
    difference: "replaced",
    phrase: "holds another one for the same names now; which of the two was issued later is not known",
  };
}

/** Where else on this host the certificate is meant to be served: the first such place. */
function findListed(map: MapIndex, files: Files, sha256: string): string | null {
  const [first] = files
    .holding(sha256)
    .flatMap((path) => map.listed(path) ?? [])
    .sort((one, other) => one.order - other.order);
  if (!first) return null;
  const { server, serving, pair } = first;
  const { names, at } = serving;
  const whom = names.length > 0 ? ` for ${names.slice(0, 3).join(", ")}` : "";
  return `it is what ${server} is to serve${whom} by ${at.file}:${at.line}, from ${pair.certificate.path}`;
}
