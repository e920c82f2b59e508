import { ChallengeWay } from "#shared/model/challenge-way.ts";
import type { Issuer } from "#shared/model/issuer.ts";

/** Whether it has this computer run a program, or send what only the vault knows. */
export const isDoneHere = (way: ChallengeWay | null): boolean =>
  way?.kind === "dns-hook" || way?.kind === "rfc2136";

/** Whether the issuer is set to it; a way that was wished for may be another. */
export const isOwnWay = (way: ChallengeWay | null, issuer: Issuer | null): boolean =>
  issuer?.kind === "acme" && toText(way) === toText(issuer.challenge);

const toText = (way: ChallengeWay | null): string => JSON.stringify(way && ChallengeWay.parse(way));
