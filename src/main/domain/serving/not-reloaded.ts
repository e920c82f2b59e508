/** When it may be said that a certificate was renewed and the server has not taken it up. */
import type { Pair } from "#domain/server-configs/configuration.ts";
import type { Listening } from "./listening.ts";
import type { AtPort, MapIndex } from "./map-index.ts";
import type { Held, Known } from "./sight.ts";

/**
 * Why what is served is the certificate that this file held before it was renewed; null where that was not seen. An earlier scan saw
 * it there; it reads the file itself; the file holds a later one for the same names; every process that listens is older than the file; and no other file
 * that is served at the port holds it still.
 */
export function whyNotReloaded(
  { map, files, sight, listening }: Known,
  rival: AtPort,
  { certificate: { path }, copiedBy }: Pair,
): string[] | null {
  const { leaf } = sight;
  const until = files.heldUntil(leaf.sha256).get(path);
  const now = files.heldNow(path);
  if (until === undefined || copiedBy !== undefined || !now || !isRenewalOf(leaf, now)) return null;
  if (rival.pairs.some((pair) => files.heldNow(pair.certificate.path)?.sha256 === leaf.sha256)) return null;
  const older = formatOlder(map, path, listening);
  if (older.length === 0) return null;
  return [`${until} ${path} still held the certificate that is served`, ...older];
}

/** Whether it was issued later, for the same names. */
export const isRenewalOf = (before: Held, now: Held): boolean =>
  before.notBefore !== null &&
  now.notBefore !== null &&
  before.notBefore < now.notBefore &&
  hasSameNames(before, now);

export function hasSameNames({ names: some }: Held, { names: others }: Held): boolean {
  return (
    some.length > 0 &&
    some.length === others.length &&
    some.toSorted().join("\n") === others.toSorted().join("\n")
  );
}

/** That no process which listens there has started since the file was written; nothing where one has, or it is not known. */
export function formatOlder(map: MapIndex, path: string, { newestStart }: Listening): string[] {
  const writtenAt = map.writtenAt(path);
  if (newestStart === null || writtenAt === null || newestStart >= writtenAt) return [];
  return [
    `${path} was written at ${formatTime(writtenAt)}, and no process that listens there has started since ${formatTime(newestStart)}`,
  ];
}

export const formatTime = (seconds: number): string =>
  `${new Date(seconds * 1_000).toISOString().slice(0, 19)}Z`;
