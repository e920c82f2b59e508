/** What of a certificate is to be looked at before anybody has its server take it up. */
import { attributesOf, type Held } from "./sight.ts";

/**
 * `from`, `since`: when it becomes valid, and when it expired. `other-issuer`: it is of another issuer than the one that is served; `isOwn`: it
 * names itself as its issuer.
 */
export type ReloadConcern =
  | { kind: "not-yet-valid"; from: string }
  | { kind: "expired"; since: string }
  | { kind: "other-issuer"; issuer: string; served: string; isOwn: boolean };

/** `served`: what would be served no more; null: it is none for the same use. `at`: seconds since the epoch. */
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

/** An authority signs by several of its own in turn, under one organization. */
function isOtherIssuer(served: Held, now: Held): boolean {
  if (isOwnIssuer(served) !== isOwnIssuer(now)) return true;
  const [before, after] = [served, now].map(({ issuer = "" }) => attributesOf(issuer, "O").join("\n"));
  return before && after ? before !== after : served.issuer !== now.issuer;
}
