import { type PublicJwk, readAccountKey } from "#domain/acme/account-key.ts";
import { type AcmeFault, isFault } from "#domain/acme/fault.ts";
import { createAcmeAsker } from "#net/acme/ask-acme.ts";
import { RETRY_POLICY } from "#net/retries.ts";
import type { Vault } from "#net/vault/vault.ts";
import type { AcmeAccount, IssuerRow } from "#store/issuers/issuer-store.ts";
import type { Store } from "#store/store.ts";
import type { Account } from "./account.ts";
import { type AcmeClient, createAcmeClient } from "./client.ts";
import type { Signer } from "./session.ts";

export type AcmeParts = { store: Store; vault: Vault; now: () => Date };

/** An account whose key is in the vault, and how its directory is asked. */
export type HeldAccount = {
  client: AcmeClient;
  signer: Signer;
  settings: AcmeAccount;
  /** Name of the directory's server. */
  host: string;
  /** Where the account is: as it is known, or made now. */
  find(signal: AbortSignal): Promise<Account | AcmeFault>;
  /** Asks the directory whether it has the account still, and makes it where it has not. */
  seek(signal: AbortSignal): Promise<Account | AcmeFault>;
};

export async function holdAccount({ store, vault, now }: AcmeParts, issuer: IssuerRow): Promise<HeldAccount> {
  const settings = accountOf(store, issuer);
  const ask = await createAcmeAsker({ roots: settings.roots });
  const client = createAcmeClient({ url: settings.directory, ask, now, wait: RETRY_POLICY.wait });
  const signer: Signer = {
    jwk: jwkOf(settings),
    sign: (data) => vault.sign(settings.accountSecret, data, { hash: "SHA-256", ecdsa: "ieee-p1363" }),
  };
  const { host } = new URL(settings.directory);

  const make = async (signal: AbortSignal) => {
    const { contacts, agreesToTerms, eabKeyId, eabSecret } = settings;
    const binding =
      eabKeyId === null || eabSecret === null
        ? null
        : { keyId: eabKeyId, hmac: (data: Uint8Array) => vault.hmacSha256(eabSecret, data) };
    return keep(await client.register(signer, { contacts, agreesToTerms, binding }, signal));
  };

  const keep = async (account: Account | AcmeFault) => {
    if (!isFault(account)) await store.inTurn(() => store.issuers.acme.setAccount(issuer.id, account.url));
    return account;
  };

  return {
    client,
    signer,
    settings,
    host,
    find: async (signal) =>
      settings.account === null ? make(signal) : { kind: "account", url: settings.account },
    async seek(signal) {
      const found = settings.account === null ? null : await client.find(signer, signal);
      return found === null || isForgotten(found) ? make(signal) : keep(found);
    },
  };
}

/** The directory has no such account any more: it has been set up anew. */
export const isForgotten = (answer: object): boolean =>
  isFault(answer) && answer.kind === "refused" && answer.problem.type === "accountDoesNotExist";

export function accountOf({ issuers }: Store, { id, name }: IssuerRow): AcmeAccount {
  const account = issuers.acme.find(id);
  if (!account) throw new Error(`the issuer ${name} has no account`);
  return account;
}

function jwkOf({ accountKey }: AcmeAccount): PublicJwk {
  const jwk = readAccountKey(accountKey);
  if (!jwk) throw new Error("the key of an account of ours cannot be read");
  return jwk;
}
