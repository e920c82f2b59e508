import type { FoundPair } from "#domain/rotation/plan/certificates/find-uses.ts";
import type { PairFileFacts } from "#domain/rotation/plan/certificates/renewal-facts.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { lookAtPairFile, type PairFileKind, type PairLook } from "#net/ssh/hand/pairs/look-at-pair-file.ts";
import { sayRefusal } from "#net/ssh/hand/say-refusal.ts";

/** Of a server that was described: how a keystore is opened. */
type StoreWords = { passphrase: string | null; entry: string | null };

/** The certificate that is renewed: itself, and its public key. */
type Old = { sha256: string; spkiSha256: string | null };

/** The files of a pair as they stand on the host; of a keystore, that alone. `lost`: the connection broke. */
export async function lookAtPairFiles(
  hand: Hand,
  { files, old }: { files: FoundPair["files"]; old: Old },
  store: StoreWords | null,
): Promise<PairFileFacts[] | { lost: string }> {
  const seen: PairFileFacts[] = [];
  for (const file of files) {
    const look = await lookAtPairFile(hand, file.path);
    if (look.kind === "lost") return { lost: look.message };
    if (store && look.kind === "seen" && file.holds.startsWith("key") && isStore(look.file.kind))
      return [toStore(file, look.file, store)];
    if (look.kind !== "seen") seen.push(refused(file, sayRefusal(look.why, file.path)));
    else {
      const facts = refuseOther(toFacts(file, look.file), look.file, old.sha256);
      seen.push(store ? refuseOtherKey(facts, look.file, old) : facts);
    }
  }
  return seen;
}

type File = FoundPair["files"][number];
type KeystoreKind = "pkcs12" | "jks";

const isStore = (kind: PairFileKind): kind is KeystoreKind => kind === "pkcs12" || kind === "jks";

/** Key and chain are both in it, and nothing is known of either without its passphrase. */
function toStore({ path, real }: File, look: PairLook, { passphrase, entry }: StoreWords): PairFileFacts {
  const holds = look.kind === "jks" ? "jks" : "pkcs12";
  const facts = toFacts({ path, real, holds }, look);
  if (passphrase === null)
    return { ...facts, refusal: facts.refusal ?? `${path} is a keystore: say its passphrase` };
  const words = { passphrase, ...(entry !== null && { entry }) };
  return { ...facts, stat: facts.stat && { ...facts.stat, ...words } };
}

const refused = (file: File, refusal: string): PairFileFacts => ({
  ...file,
  refusal,
  stat: null,
  managed: null,
  heldBy: null,
});

function toFacts(
  file: File,
  { real, file: stat, hash, refusal, kind, managed, heldBy }: PairLook,
): PairFileFacts {
  const { path, holds } = file;
  const odd = oddOf(file, kind);
  const why = refusal ? sayRefusal(refusal.why, path) : odd;
  return {
    path,
    real,
    holds,
    managed,
    heldBy,
    refusal: why,
    stat: stat && hash !== null ? { ...withoutLinks(stat), before: hash } : null,
  };
}

/** Somebody renewed it since the scan, maybe with other names: what is known of it is of another one. */
export function refuseOther(
  facts: PairFileFacts,
  { leaf }: Pick<PairLook, "leaf">,
  sha256: string,
): PairFileFacts {
  const isOfIt = facts.holds === "leaf" || facts.holds === "chain" || facts.holds === "key+chain";
  if (!isOfIt || leaf === null || leaf === sha256) return facts;
  const why = `${facts.path} holds another certificate than when it was scanned; scan the host again`;
  return { ...facts, refusal: facts.refusal ?? why };
}

/** No configuration says that a key that was described is the certificate's own, and it would be overwritten. */
export function refuseOtherKey(
  facts: PairFileFacts,
  { publicHalf }: Pick<PairLook, "publicHalf">,
  { spkiSha256 }: Old,
): PairFileFacts {
  if (publicHalf === null || spkiSha256 === null || publicHalf === spkiSha256) return facts;
  const why = `the private key in ${facts.path} is not the certificate's own`;
  return { ...facts, refusal: facts.refusal ?? why };
}

const withoutLinks = ({ mode, uid, gid, owner, sizeBytes }: NonNullable<PairLook["file"]>) => ({
  mode,
  uid,
  gid,
  owner,
  sizeBytes,
});

/** What lies there is not what the configuration takes it for. */
function oddOf({ path, holds }: File, kind: PairFileKind): string | null {
  if (holds === "pkcs12" || holds === "jks") return null;
  if (kind === "locked-key") return `the private key in ${path} has a passphrase, and the server asks for it`;
  const wanted: readonly PairFileKind[] =
    holds === "key" ? ["key", "both"] : holds === "key+chain" ? ["both"] : ["certificate", "both"];
  return wanted.includes(kind) ? null : `${path} holds no ${holds === "key" ? "private key" : "certificate"}`;
}
