import { openBinding, type PublicJwk, readAccountKey } from "#domain/acme/account-key.ts";
import type { AcmeDirectory } from "#domain/acme/directory.ts";
import { type AcmeFault, isFault } from "#domain/acme/fault.ts";
import { broken, openJson, urlAt } from "#domain/acme/json.ts";
import { certificateIdOf, type RenewalWindow, readRenewalInfo } from "#domain/acme/renewal-info.ts";
import { createAcmeSender } from "#net/acme/send-acme-request.ts";
import { RETRY_POLICY } from "#net/tasks.ts";
import type { Vault } from "#net/vault/vault.ts";
import type { AcmeAccount, IssuerRow } from "#store/issuers/issuer-store.ts";
import type { Store } from "#store/store.ts";
import { type Issued, type OrderRequest, orderCertificate } from "./order.ts";
import { type AcmeDeps, type AcmeSession, openSession, type Signer } from "./session.ts";

export type AcmeParts = { store: Store; vault: Vault; now: () => Date };

/** An account whose key is in the vault, and the client of its directory. */
export type HeldAccount = {
  client: AcmeClient;
  signer: Signer;
  settings: AcmeAccount;
  /** Name of the directory's server. */
  host: string;
  /** The account's URL: the stored one, or that of an account that is created now. */
  find(signal: AbortSignal): Promise<Account | AcmeFault>;
  /** Asks the directory whether it still has the account, and creates it where it does not. */
  resolve(signal: AbortSignal): Promise<Account | AcmeFault>;
};

export async function holdAccount({ store, vault, now }: AcmeParts, issuer: IssuerRow): Promise<HeldAccount> {
  const settings = accountOf(store, issuer);
  const send = await createAcmeSender({ roots: settings.roots });
  const client = createAcmeClient({ url: settings.directory, send, now, wait: RETRY_POLICY.wait });
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
    if (!isFault(account))
      await store.queueWrite(() => store.issuers.acme.setAccount(issuer.id, account.url));
    return account;
  };

  return {
    client,
    signer,
    settings,
    host,
    find: async (signal) =>
      settings.account === null ? make(signal) : { kind: "account", url: settings.account },
    async resolve(signal) {
      const found = settings.account === null ? null : await client.find(signer, signal);
      return found === null || isForgotten(found) ? make(signal) : keep(found);
    },
  };
}

/** The directory no longer has such an account: it has been set up anew. */
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

/**
 * A directory by RFC 8555. What the authority or the network does is a returned value; `Refusal`s of the vault, and the
 * signal's reason, are thrown.
 */
export type AcmeClient = {
  directory(signal: AbortSignal): Promise<AcmeDirectory | AcmeFault>;
  /** Creates the key's account, or finds it. */
  register(signer: Signer, request: AccountRequest, signal: AbortSignal): Promise<Account | AcmeFault>;
  /** The account that the key has. */
  find(signer: Signer, signal: AbortSignal): Promise<Account | AcmeFault>;
  order(request: OrderRequest, signal: AbortSignal): Promise<Issued | AcmeFault>;
  /** When the certificate should be renewed; null where the authority does not say. */
  renewalInfo(der: Uint8Array, signal: AbortSignal): Promise<RenewalWindow | AcmeFault | null>;
  revoke(
    by: { signer: Signer; account: string },
    what: { der: Uint8Array; reason: number },
    signal: AbortSignal,
  ): Promise<{ kind: "revoked" } | AcmeFault>;
};

export function createAcmeClient(deps: AcmeDeps): AcmeClient {
  const open = (signal: AbortSignal) => openSession(deps, signal);
  return {
    async directory(signal) {
      const session = await open(signal);
      return isFault(session) ? session : session.directory;
    },
    async register(signer, request, signal) {
      const session = await open(signal);
      return isFault(session) ? session : registerAccount(session, signer, request);
    },
    async find(signer, signal) {
      const session = await open(signal);
      return isFault(session) ? session : findAccount(session, signer);
    },
    async order(request, signal) {
      const session = await open(signal);
      return isFault(session) ? session : orderCertificate(session, request);
    },
    async renewalInfo(der, signal) {
      const session = await open(signal);
      if (isFault(session)) return session;
      const id = certificateIdOf(der);
      const { renewalInfo } = session.directory;
      if (id === null || renewalInfo === null) return null;
      const reply = await session.get(`${renewalInfo.replace(/\/$/, "")}/${id}`);
      return isFault(reply) ? reply : readRenewalInfo(reply.bytes);
    },
    async revoke({ signer, account }, { der, reason }, signal) {
      const session = await open(signal);
      if (isFault(session)) return session;
      const url = session.directory.revokeCert;
      if (!url) return { kind: "unready", message: `${new URL(deps.url).hostname} revokes nothing by ACME` };
      const payload = { certificate: Buffer.from(der).toString("base64url"), reason };
      const reply = await session.post(signer, { url, payload, kid: account });
      // Already revoked is as good as revoked.
      if (reply.kind === "refused" && reply.problem.type === "alreadyRevoked") return { kind: "revoked" };
      return isFault(reply) ? reply : { kind: "revoked" };
    },
  };
}

/**
 * A key that an authority gives to those who may have an account (external account binding). Only its MACs come here.
 */
type Binding = { keyId: string; hmac: (data: Uint8Array) => Promise<Uint8Array> };

type AccountRequest = {
  /** Addresses of mail, or URIs. */
  contacts: readonly string[];
  agreesToTerms: boolean;
  binding: Binding | null;
};

type Account = { kind: "account"; url: string };

/** Creates an account for the key, or finds the one that it has. */
async function registerAccount(
  session: AcmeSession,
  signer: Signer,
  { contacts, agreesToTerms, binding }: AccountRequest,
): Promise<Account | AcmeFault> {
  const { newAccount: url, terms, needsBinding, origin } = session.directory;
  const { hostname } = new URL(origin);
  if (needsBinding && !binding)
    return unready(
      `${hostname} makes accounts only for whoever has a key from it: give its key identifier and its key (external account binding)`,
    );
  if (terms && !agreesToTerms) return unready(`the terms of ${hostname} have to be agreed to: ${terms}`);
  const account = {
    ...(contacts.length > 0 && {
      contact: contacts.map((text) => (text.includes(":") ? text : `mailto:${text}`)),
    }),
    ...(terms && { termsOfServiceAgreed: true }),
    ...(binding && { externalAccountBinding: await bind(binding, url, signer) }),
  };
  return post(session, signer, account);
}

/** Finds the account that the key has already. */
const findAccount = (session: AcmeSession, signer: Signer): Promise<Account | AcmeFault> =>
  post(session, signer, { onlyReturnExisting: true });

async function post(session: AcmeSession, signer: Signer, payload: object): Promise<Account | AcmeFault> {
  const { newAccount, origin } = session.directory;
  const reply = await session.post(signer, { url: newAccount, payload, kid: null });
  if (isFault(reply)) return reply;
  const url = urlAt(origin, reply.headers.get("location"));
  const status = openJson(reply.bytes)?.status;
  if (!url) return broken(`the account has no address at ${origin}`);
  if (status === "deactivated" || status === "revoked")
    return unready(
      `the account at ${new URL(origin).hostname} is ${status}; remove this issuer and add it again`,
    );
  return { kind: "account", url };
}

async function bind({ keyId, hmac }: Binding, url: string, { jwk }: Signer) {
  const { data, seal } = openBinding(keyId, url, jwk);
  return seal(await hmac(data));
}

const unready = (message: string): AcmeFault => ({ kind: "unready", message });
