import type { Collection } from "#domain/collection/collection.ts";
import type { Owner, Use } from "#shared/model/verdict.ts";
import { type PublicKey, readKeyBlob } from "./key-blob.ts";

/** Who holds the key, as far as this host alone tells: a private key file that lies here. */
export function judgeOwners({ keyFiles }: Collection): (key: PublicKey | null) => Owner {
  const paths = new Map<string, string[]>();
  for (const { path, blob } of keyFiles) {
    const fingerprint = blob && readKeyBlob(blob)?.fingerprint;
    if (fingerprint) paths.set(fingerprint, [...(paths.get(fingerprint) ?? []), path]);
  }
  const coverage = {
    read: [`${keyFiles.length} private key files of this host`],
    notRead: ["no roster of people was declared", "other hosts are not compared yet"],
  };
  const unknown: Owner = {
    state: "unknown",
    who: null,
    isMatched: false,
    managedBy: null,
    reasons: ["no private key of it was found on this host"],
    coverage,
  };
  return (key) => {
    const found = key && paths.get(key.fingerprint);
    if (!found) return unknown;
    return {
      state: "known",
      who: null,
      isMatched: true,
      managedBy: null,
      reasons: found.map((path) => `its private key is on this host: ${path}`),
      coverage,
    };
  };
}

/** Logs are not collected yet. */
export const judgeUse = (): Use => ({
  state: "unknown",
  at: null,
  from: null,
  count: 0,
  reasons: ["logs are not read yet"],
  coverage: { read: [], notRead: ["logs of logins"] },
});
