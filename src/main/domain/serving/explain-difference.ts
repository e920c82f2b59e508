/** What would explain that another certificate is served than the one in its file. Nothing here is a claim that it was not reloaded. */
import type { Pair } from "#domain/server-configs/configuration.ts";
import type { MapIndex } from "./map-index.ts";
import { hasSameNames, isRenewalOf, sayOlder } from "./not-reloaded.ts";
import type { Files, Held, Known } from "./sight.ts";

type Explained = { state: "other-listed" | "differs"; evidence: string[] };

/** `pairs`: those that were to be served; each of their files was read. */
export function explainDifference(known: Known, pairs: readonly Pair[]): Explained {
  const { map, files, sight } = known;
  const { sha256 } = sight.leaf;
  const meant = `${pairs.map(({ certificate }) => certificate.path).join(" or ")} holds another one`;
  const other = findListed(map, files, sha256);
  if (other) return { state: "other-listed", evidence: [other, meant] };
  const before = pairs.flatMap((pair) => sayBefore(known, pair));
  if (before.length > 0) return { state: "differs", evidence: before };
  const file = files.alsoIn(sha256);
  const nowhere =
    file === null
      ? "no file that was read on this host holds the certificate that is served"
      : `the certificate that is served is in ${file}, which no configuration that was read serves`;
  return { state: "differs", evidence: [nowhere, meant] };
}

/** How what is served and what the file holds follow each other, as far as that is known. */
function sayBefore(
  { map, files, sight: { leaf }, listening }: Known,
  { certificate: { path }, copiedBy }: Pair,
): string[] {
  const until = files.heldUntil(leaf.sha256).get(path);
  const now = files.heldNow(path);
  if (!now) return [];
  const older = sayOlder(map, path, listening);
  if (until !== undefined)
    return [
      `${path} held the certificate that is served ${until}`,
      copiedBy === undefined
        ? sayNow(leaf, now)
        : `it holds another one now, which ${copiedBy} copies to where it is served from`,
    ];
  if (!isRenewalOf(leaf, now)) return [];
  const same = `what is served is for the same names as what ${path} holds, and was issued earlier`;
  // What the file held before nobody has seen: it may never have been this one.
  return [
    same,
    ...(older.length > 0 ? [...older, "if it was in that file before, it was not reloaded since"] : []),
  ];
}

function sayNow(leaf: Held, now: Held): string {
  if (!hasSameNames(leaf, now)) return "it holds one for other names now";
  if (!isRenewalOf(leaf, now)) return "it holds one now that was issued earlier: it was rolled back";
  return "it holds a later one now; whether the server has started or read it since is not known";
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
