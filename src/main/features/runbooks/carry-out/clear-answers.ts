import { clearChallenges } from "#net/ssh/hand/challenges/clear-challenges.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import type { ChallengeWay } from "#shared/model/challenge-way.ts";
import type { CertificateChange } from "#shared/model/pair.ts";
import type { RunContext } from "./run-context.ts";

/** Ways by which the host itself answers. */
const BY_HOST: ReadonlySet<ChallengeWay["kind"]> = new Set(["webroot", "served-on-host", "tls-alpn"]);

export const isAnsweredByHost = ({ challenge }: CertificateChange): boolean =>
  challenge !== null && BY_HOST.has(challenge.kind);

/** Takes away what a run that was killed has left of its answers on a host. Null, or what stays there. */
export async function clearAnswers(
  { token }: Pick<RunContext, "token">,
  changes: readonly CertificateChange[],
  hand: Hand,
): Promise<string | null> {
  if (!changes.some(isAnsweredByHost)) return null;
  const cleared = await clearChallenges(hand, { token });
  return cleared.kind === "left" ? cleared.message : null;
}
