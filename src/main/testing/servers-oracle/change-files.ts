/** What becomes of a certificate's files while its server runs. */
import { rm, writeFile } from "node:fs/promises";
import type { CertificateMaker } from "./certificates.ts";
import type { Chance } from "./chance.ts";
import { UNIVERSE } from "./generated.ts";
import type { HostFiles } from "./host-files.ts";

export type Change = { path: string; kind: "renewed" | "rolled back" | "for other names" };

/** Puts another certificate where one is; tells which, as a phrase. */
export async function changeCertificate(
  files: HostFiles,
  { path, kind }: Change,
  { chance, make }: { chance: Chance; make: CertificateMaker },
): Promise<string> {
  const held = files.held(path);
  if (!held) return `${path} held nothing`;
  const isOther = kind === "for other names";
  const isNew = kind === "renewed" || (isOther && chance.happens(50));
  const names = isOther ? chance.some(UNIVERSE, 1, 2) : held.names;
  const notBefore = isNew ? "260301000000Z" : "251101000000Z";
  const more = isOther ? { notBefore } : { notBefore, commonName: held.commonName };
  await files.replace(path, await make(`${path}.new`, names, held.family, more));
  return `${path} ${kind} (${notBefore})`;
}

/** `key`: the path of its key. */
export type Loss = { path: string; key: string; loss: "destroyed" | "deleted" | "of another key" };

export async function loseCertificate(
  files: HostFiles,
  { path, key, loss }: Loss,
  make: CertificateMaker,
): Promise<void> {
  if (loss === "destroyed") return writeFile(path, "this is no certificate\n");
  if (loss === "deleted") return rm(path);
  const family = files.held(path)?.family ?? "RSA";
  await files.replaceKey(key, await make(`${path}.new`, ["other.key"], family, { isOfOtherKey: true }));
}
