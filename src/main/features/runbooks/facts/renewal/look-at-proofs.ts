import type { Point } from "#domain/rotation/plan/certificates/choose-points.ts";
import type { ProofFacts } from "#domain/rotation/plan/certificates/renewal-facts.ts";
import type { LeavesAt } from "#net/tls/leaves-at.ts";
import { Sha256 } from "#shared/model/certificate.ts";

/** `others`: the certificates that other places of the host are for. */
type Asked = { points: readonly Point[]; others: ReadonlySet<string>; facts: { sha256: string } };

/** What is served now wherever the new certificate will be. */
export const lookAtProofs = (
  leavesAt: LeavesAt,
  { points, others, facts }: Asked,
  signal: AbortSignal,
): Promise<ProofFacts[]> =>
  Promise.all(
    points.map(async (point): Promise<ProofFacts> => {
      const shown = await leavesAt(point, signal);
      if (shown.kind === "silent") return { ...point, before: null, message: shown.message, isOthers: false };
      const leaf = shown.leaves.find((one) => one !== facts.sha256) ?? facts.sha256;
      return { ...point, before: Sha256.parse(leaf), message: "", isOthers: others.has(leaf) };
    }),
  );
