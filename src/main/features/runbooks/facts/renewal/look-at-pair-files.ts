import type { FoundPair } from "#domain/rotation/plan/certificates/find-uses.ts";
import type { PairFileFacts } from "#domain/rotation/plan/certificates/renewal-facts.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { lookAtPairFile, type PairFileKind, type PairLook } from "#net/ssh/hand/pairs/look-at-pair-file.ts";
import { sayRefusal } from "#net/ssh/hand/say-refusal.ts";

/** The files of a pair as they stand on the host. `lost`: the connection broke. */
export async function lookAtPairFiles(
  hand: Hand,
  files: FoundPair["files"],
): Promise<PairFileFacts[] | { lost: string }> {
  const seen: PairFileFacts[] = [];
  for (const file of files) {
    const look = await lookAtPairFile(hand, file.path);
    if (look.kind === "lost") return { lost: look.message };
    seen.push(
      look.kind === "seen" ? toFacts(file, look.file) : refused(file, sayRefusal(look.why, file.path)),
    );
  }
  return seen;
}

type File = FoundPair["files"][number];

const refused = (file: File, refusal: string): PairFileFacts => ({
  ...file,
  ...{ refusal, stat: null, managed: null, heldBy: null },
});

function toFacts(
  file: File,
  { real, file: stat, hash, refusal, kind, managed, heldBy }: PairLook,
): PairFileFacts {
  const { path, holds } = file;
  const odd = oddOf(file, kind);
  const why = refusal ? sayRefusal(refusal.why, path) : odd;
  return {
    ...{ path, real, holds, managed, heldBy, refusal: why },
    stat: stat && hash !== null ? { ...withoutLinks(stat), before: hash } : null,
  };
}

const withoutLinks = ({ mode, uid, gid, owner, sizeBytes }: NonNullable<PairLook["file"]>) => ({
  ...{ mode, uid, gid, owner, sizeBytes },
});

/** What lies there is not what the configuration takes it for. */
function oddOf({ path, holds }: File, kind: PairFileKind): string | null {
  if (kind === "locked-key") return `the private key in ${path} has a passphrase, and the server asks for it`;
  const wanted: readonly PairFileKind[] =
    holds === "key" ? ["key", "both"] : holds === "key+chain" ? ["both"] : ["certificate", "both"];
  return wanted.includes(kind) ? null : `${path} holds no ${holds === "key" ? "private key" : "certificate"}`;
}
