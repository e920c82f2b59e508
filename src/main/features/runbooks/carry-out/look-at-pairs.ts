import type { CertificateSeen } from "#domain/rotation/run/step.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { lookAtPairFile } from "#net/ssh/hand/pairs/look-at-pair-file.ts";
import type { CertificateChange } from "#shared/model/pair.ts";
import { changesOf, orderOf } from "./renewal-place.ts";
import { type RunContext, SessionLost } from "./run-context.ts";

/** Which files of each certificate stand on a host now. Rejects with `SessionLost`. */
export async function lookAtPairs(
  run: RunContext,
  place: number,
  hand: Hand,
): Promise<{ certificates: CertificateSeen[]; hasWork: boolean; heldBy: string | null }> {
  const certificates: CertificateSeen[] = [];
  let hasWork = false;
  let heldBy: string | null = null;
  for (const change of changesOf(run, { host: place })) {
    const hashes: (string | null)[] = [];
    for (const { path } of change.files) {
      const look = await lookAtPairFile(hand, path);
      if (look.kind === "lost") throw new SessionLost(look.message);
      hashes.push(look.kind === "seen" ? look.file.hash : null);
      const holder = look.kind === "seen" ? look.file.heldBy : null;
      if (holder === run.token) hasWork = true;
      else if (holder !== null) heldBy = holder;
    }
    certificates.push(judge(change, orderOf(run, { host: place }, change).wanted, hashes));
  }
  return { certificates, hasWork, heldBy };
}

function judge(
  { files }: CertificateChange,
  wanted: readonly string[] | null,
  hashes: readonly (string | null)[],
): CertificateSeen {
  const isAll = (of: readonly (string | undefined)[]) => hashes.every((hash, nth) => hash === of[nth]);
  const before = files.map((file) => file.before);
  if (isAll(before)) return "old";
  if (!wanted) return "other";
  if (isAll(wanted)) return "new";
  return hashes.every((hash, nth) => hash === before[nth] || hash === wanted[nth]) ? "mixed" : "other";
}
