import { openBinding } from "#domain/acme/account-key.ts";
import { type AcmeFault, isFault } from "#domain/acme/fault.ts";
import { broken, openJson, urlAt } from "#domain/acme/json.ts";
import type { AcmeSession, Signer } from "./session.ts";

/** A key that an authority hands out to whoever may have an account. Only its MACs come here. */
type Binding = { keyId: string; hmac: (data: Uint8Array) => Promise<Uint8Array> };

export type AccountRequest = {
  /** Addresses of mail, or URIs. */
  contacts: readonly string[];
  agreesToTerms: boolean;
  binding: Binding | null;
};

export type Account = { kind: "account"; url: string };

/** Makes an account for the key, or finds the one that it has. */
export async function registerAccount(
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

/** The account that the key has already. */
export const findAccount = (session: AcmeSession, signer: Signer): Promise<Account | AcmeFault> =>
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
