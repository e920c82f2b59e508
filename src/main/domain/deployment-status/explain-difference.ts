import type { Deployment } from "#domain/server-configs/configuration.ts";
import {
  type AtPort,
  attributesOf,
  type Files,
  type Held,
  type Known,
  type Listening,
  type MapIndex,
} from "./host-map.ts";

/**
 * What explains that a server presents another certificate than the one in its file. Nothing here claims that it was
 * not reloaded.
 */

/**
 * How the certificate that is served relates to its file. The file held it before, and now holds an earlier one
 * (`rolled-back`), a later one (`renewed`), one that is neither for certain (`replaced`), or one for other names
 * (`other-names`). `copied`: a command copies the file to where the server reads it. `earlier`: no scan saw it in the
 * file, which holds a later one for the same names. `elsewhere`: none of these.
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

/** `deployments`: those that are meant to be served; each of their files was read. */
export function explainDifference(known: Known, deployments: readonly Deployment[]): Explained {
  const { map, files, sight } = known;
  const { sha256 } = sight.leaf;
  const meant = `${deployments.map(({ certificate }) => certificate.path).join(" or ")} holds another one`;
  const other = findListed(map, files, sha256);
  if (other) return { state: "other-listed", difference: null, evidence: [other, meant] };
  for (const deployment of deployments) {
    const before = findBefore(known, deployment);
    if (before) return { state: "differs", ...before };
  }
  return { state: "differs", difference: "elsewhere", evidence: [formatFile(map, files, sha256), meant] };
}

/** Says in which other file on the host the certificate lies. */
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

/** Null: nothing is known of what the file held before. */
function findBefore(
  { map, files, sight: { leaf }, listening }: Known,
  { certificate: { path }, copiedBy }: Deployment,
): Before | null {
  const until = files.heldUntil(leaf.sha256).get(path);
  const now = files.heldNow(path);
  if (!now) return null;
  const older = formatOlder(map, path, listening);
  if (until !== undefined) {
    const before = `${until} ${path} still held the certificate that is served`;
    if (copiedBy === undefined) {
      const { difference, phrase } = explainNow(leaf, now);
      return { difference, evidence: [before, `${path} ${phrase}`] };
    }
    const copied = `${path} holds another one now, which ${copiedBy} copies to where it is served from`;
    return { difference: "copied", evidence: [before, copied] };
  }
  if (!isRenewalOf(leaf, now)) return null;
  const same = `what is served is for the same names as what ${path} holds, and was issued earlier`;
  // No scan saw what the file held before: it may never have been this certificate.
  const perhaps = "if it was in that file before, it was not reloaded since";
  return { difference: "earlier", evidence: [same, ...(older.length > 0 ? [...older, perhaps] : [])] };
}

function explainNow(leaf: Held, now: Held): { difference: Difference; phrase: string } {
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
  // Some authorities date everything that they sign on one day from midnight, so equal dates give no order.
  return {
    difference: "replaced",
    phrase: "holds another one for the same names now; which of the two was issued later is not known",
  };
}

/** Says which other binding on this host is meant to serve the certificate: the first one. */
function findListed(map: MapIndex, files: Files, sha256: string): string | null {
  const [first] = files
    .holding(sha256)
    .flatMap((path) => map.listed(path) ?? [])
    .sort((one, other) => one.order - other.order);
  if (!first) return null;
  const { server, binding, deployment } = first;
  const { names, at } = binding;
  const whom = names.length > 0 ? ` for ${names.slice(0, 3).join(", ")}` : "";
  return `it is what ${server} is to serve${whom} by ${at.file}:${at.line}, from ${deployment.certificate.path}`;
}

/** When we may say that a certificate was renewed and that the server has not loaded it. */

/**
 * Evidence that the server still presents the certificate that this file held before a renewal. Null unless all of this
 * holds: an earlier scan saw that certificate in the file, the server reads the file itself, the file now holds a later
 * one for the same names, every listening process is older than the file, and no other file that is served at the port
 * still holds the old one.
 */
export function whyNotReloaded(
  { map, files, sight, listening }: Known,
  rival: AtPort,
  { certificate: { path }, copiedBy }: Deployment,
): string[] | null {
  const { leaf } = sight;
  const until = files.heldUntil(leaf.sha256).get(path);
  const now = files.heldNow(path);
  if (until === undefined || copiedBy !== undefined || !now || !isRenewalOf(leaf, now)) return null;
  if (
    rival.deployments.some((deployment) => files.heldNow(deployment.certificate.path)?.sha256 === leaf.sha256)
  )
    return null;
  const older = formatOlder(map, path, listening);
  if (older.length === 0) return null;
  return [`${until} ${path} still held the certificate that is served`, ...older];
}

/** Whether `now` was issued later than `before`, for the same names. */
const isRenewalOf = (before: Held, now: Held): boolean =>
  before.notBefore !== null &&
  now.notBefore !== null &&
  before.notBefore < now.notBefore &&
  hasSameNames(before, now);

function hasSameNames({ names: some }: Held, { names: others }: Held): boolean {
  return (
    some.length > 0 &&
    some.length === others.length &&
    some.toSorted().join("\n") === others.toSorted().join("\n")
  );
}

/**
 * Says that no process which listens there has started since the file was written; empty if one has, or if that is not
 * known.
 */
export function formatOlder(map: MapIndex, path: string, { newestStart }: Listening): string[] {
  const writtenAt = map.writtenAt(path);
  if (newestStart === null || writtenAt === null || newestStart >= writtenAt) return [];
  return [
    `${path} was written at ${formatTime(writtenAt)}, and no process that listens there has started since ${formatTime(newestStart)}`,
  ];
}

export const formatTime = (seconds: number): string =>
  `${new Date(seconds * 1_000).toISOString().slice(0, 19)}Z`;

/** What to check of a certificate before anybody reloads its server. */

/**
 * `from`, `since`: when it becomes valid, and when it expired. `other-issuer`: its issuer is another one than that of
 * the served certificate; `isOwn`: it names itself as its issuer.
 */
export type ReloadConcern =
  | { kind: "not-yet-valid"; from: string }
  | { kind: "expired"; since: string }
  | { kind: "other-issuer"; issuer: string; served: string; isOwn: boolean };

/**
 * `served`: the certificate that a reload would replace; null: it does not replace one for the same use. `at`: seconds
 * since the epoch.
 */
export function findReloadConcerns({
  served,
  now,
  at,
}: {
  served: Held | null;
  now: Held;
  at: number;
}): ReloadConcern[] {
  const found: ReloadConcern[] = [];
  const { notBefore, notAfter, issuer } = now;
  if (notBefore !== null && Date.parse(notBefore) > at * 1_000)
    found.push({ kind: "not-yet-valid", from: notBefore });
  if (typeof notAfter === "string" && Date.parse(notAfter) < at * 1_000)
    found.push({ kind: "expired", since: notAfter });
  if (issuer !== undefined && served?.issuer !== undefined && isOtherIssuer(served, now))
    found.push({ kind: "other-issuer", issuer, served: served.issuer, isOwn: isOwnIssuer(now) });
  return found;
}

const isOwnIssuer = ({ issuer, subject }: Held): boolean => issuer === subject;

/** An authority signs by several intermediates in turn, all under one organization. */
function isOtherIssuer(served: Held, now: Held): boolean {
  if (isOwnIssuer(served) !== isOwnIssuer(now)) return true;
  const [before, after] = [served, now].map(({ issuer = "" }) => attributesOf(issuer, "O").join("\n"));
  return before && after ? before !== after : served.issuer !== now.issuer;
}
