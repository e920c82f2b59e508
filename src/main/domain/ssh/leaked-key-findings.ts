import type { Collection, KeyFile } from "#domain/collection/collection.ts";
import type { FindingDraft } from "#shared/model/finding.ts";
import type { EvaluatedGrant } from "./effective.ts";
import { readKeyBlob } from "./key-blob.ts";
import { findLeak } from "./leaked-keys.ts";
import { aboutFile, aboutGrant, isHostKey, placeOf } from "./ssh-findings.ts";

/** Keys on a host that anybody can have, since their private halves are published: grants, key files and host keys. */
export function findLeakedKeys(collection: Collection, grants: readonly EvaluatedGrant[]): FindingDraft[] {
  const files = collection.keyFiles.filter((file) => !isHostKey(file, collection.hostKeys));
  return [...grants.map(findGrant), ...files.map(findFile), findHostKeys(collection)].filter(
    (finding) => finding !== null,
  );
}

function findGrant(grant: EvaluatedGrant): FindingDraft | null {
  const product = grant.key && findLeak(grant.key.fingerprint);
  if (!product) return null;
  const { state, reasons } = grant.verdict.effective;
  const opens = {
    yes: `whoever has it logs in as ${grant.account}`,
    unknown: `whoever has it may log in as ${grant.account}`,
    no: "sshd refuses the line today",
  }[state];
  return {
    ...aboutGrant(grant),
    rule: "key-leaked",
    severity: state === "no" ? "medium" : "critical",
    sentence: `the private half of this key is published (${product}): ${opens}`,
    evidence: [placeOf(grant), product, ...reasons.slice(0, 1)],
    remedy:
      "remove the line now, from every account that has it, and look in the logs for who came in with it",
  };
}

function findFile(file: KeyFile): FindingDraft | null {
  const fingerprint = file.blob && readKeyBlob(file.blob)?.fingerprint;
  const product = fingerprint ? findLeak(fingerprint) : null;
  if (!product) return null;
  return {
    ...aboutFile(file),
    rule: "key-leaked",
    severity: "high",
    sentence: `this private key is published (${product}): it proves nothing to whoever asks for it`,
    evidence: [file.path, product],
    remedy: "make a key of its own, put that where this one is trusted, and delete this file",
  };
}

function findHostKeys({ hostKeys }: Collection): FindingDraft | null {
  const leaked = hostKeys.flatMap(({ path, blob }) => {
    const key = readKeyBlob(blob);
    const product = key && findLeak(key.fingerprint);
    return product ? [{ path, product, key }] : [];
  });
  const [first] = leaked;
  if (!first) return null;
  return {
    about: { kind: "host" },
    label: first.key.fingerprint,
    rule: "host-key-leaked",
    severity: "critical",
    sentence: `the private half of this host key is published (${first.product}): anybody on the way can pose as this host`,
    evidence: leaked.map(({ path, product, key }) => `${path}: ${key.fingerprint} (${product})`),
    members: [...new Set(leaked.map(({ key }) => key.fingerprint))],
    remedy: "make new host keys by ssh-keygen -A once the old files are deleted, and restart sshd",
  };
}
