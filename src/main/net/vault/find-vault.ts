import { randomBytes } from "node:crypto";
import type { Instant } from "#shared/model/instant.ts";
import { VAULT_FORMAT, VAULT_VERSION, type VaultContent } from "#shared/model/issuers/vault-file.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { OpenVault, type VaultFileOptions } from "./open-vault.ts";
import { getKeyringKey } from "./os-keyring.ts";
import type { Passphrase } from "./passphrase-forms.ts";
import { type ReadVault, readVault, writeVault } from "./vault-file.ts";
import { unwrapByKeyring, unwrapByPassphrase, wrapByPassphrase } from "./wraps.ts";

/** A new vault. Refused where there is something already. */
export function createVaultFile(
  place: VaultFileOptions,
  passphrase: Passphrase,
  recovery: Passphrase | null,
  since: Instant,
): OpenVault {
  const { path, cost } = place;
  if (readVault(path))
    throw new Refusal("conflict", `there is a vault already: ${path}; unlock it, or put it away first`);
  const dataKey = randomBytes(32);
  const id = randomBytes(16).toString("hex");
  const wish = { vault: id, dataKey, since };
  const wraps = [wrapByPassphrase("passphrase", passphrase, cost, wish)];
  if (recovery) wraps.push(wrapByPassphrase("recovery", recovery, cost, wish));
  const content: VaultContent = { format: VAULT_FORMAT, version: VAULT_VERSION, id, wraps, entries: [] };
  return new OpenVault(place, { content, seen: writeVault(path, content, null) }, dataKey);
}

/** Null where neither passphrase of the file is this one. */
export function openByPassphrase(place: VaultFileOptions, passphrase: Passphrase): OpenVault | null {
  const read = readOrRefuse(place);
  const dataKey = unwrapByPassphrase(read.content, passphrase);
  return dataKey && new OpenVault(place, read, dataKey);
}

export async function openByKeyring(place: VaultFileOptions): Promise<OpenVault> {
  const read = readOrRefuse(place);
  if (!read.content.wraps.some(({ kind }) => kind === "keyring"))
    throw new Refusal(
      "not-found",
      "the system's keyring does not open this vault; unlock it with the passphrase",
    );
  const key = await getKeyringKey(read.content.id);
  const dataKey = unwrapByKeyring(read.content, key);
  key.fill(0);
  if (dataKey) return new OpenVault(place, read, dataKey);
  throw new Refusal(
    "conflict",
    "what the system's keyring has is not the key of this vault; unlock it with the passphrase",
  );
}

function readOrRefuse({ path }: VaultFileOptions): ReadVault {
  const read = readVault(path);
  if (read) return read;
  throw new Refusal("not-found", `there is no vault ${path} yet; create it (latchkey vault create)`);
}
