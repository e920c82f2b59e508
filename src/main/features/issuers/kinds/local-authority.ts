import {
  type Authority,
  type AuthorityKeyKind,
  HASH_OF,
  SERIAL_BYTES,
  type Signer,
} from "#domain/issuing/authority.ts";
import { type Permitted, readPermitted } from "#domain/issuing/names.ts";
import { ANY_POLICY_WILL_DO, evaluateChain } from "#domain/x509/path/evaluate-chain.ts";
import { indexCertificates } from "#domain/x509/path/path-certificate.ts";
import type { Vault } from "#net/vault/vault.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { LocalAuthority } from "#store/issuers/issuer-store.ts";

type AuthorityRequest = { name: string; permitted: readonly string[]; now: Date };

const ROOT_KEY: AuthorityKeyKind = "p384";
const INTERMEDIATE_KEY: AuthorityKeyKind = "p256";

/** Makes the keys of an authority in the vault, and its certificates. Where that fails, the vault keeps nothing of it. */
export async function makeAuthority(
  vault: Vault,
  wish: AuthorityRequest,
): Promise<Omit<LocalAuthority, "daysValid">> {
  const permitted = readAllPermitted(wish.permitted);
  const own = { name: wish.name, permitted, now: wish.now };
  const { makeIntermediate, makeRoot } = await import("#domain/issuing/make-certificate.ts");
  const rootKey = await vault.makeKey(ROOT_KEY, { kind: "authority-root", label: `root of ${wish.name}` });
  const made = [rootKey.id];
  try {
    const label = `intermediate of ${wish.name}`;
    const key = await vault.makeKey(INTERMEDIATE_KEY, { kind: "authority-intermediate", label });
    made.push(key.id);
    const signer = signerOf(vault, rootKey.id, ROOT_KEY);
    const root = await makeRoot({ ...own, spki: rootKey.spki, serial: randomSerial() }, signer);
    const above: Authority = { der: root, signer };
    const intermediate = await makeIntermediate({ ...own, spki: key.spki, serial: randomSerial() }, above);
    evaluateOwn(intermediate, { root }, wish.now);
    return {
      permitted: permitted.map(({ text }) => text),
      root,
      rootSecret: rootKey.id,
      intermediate,
      intermediateSecret: key.id,
    };
  } catch (error) {
    for (const id of made) await vault.forget(id);
    throw error;
  }
}

function readAllPermitted(texts: readonly string[]): Permitted[] {
  const read = texts.map(readPermitted);
  return [...new Map(read.map((one) => [one.text, one])).values()];
}

const signerOf = (vault: Vault, id: string, kind: AuthorityKeyKind): Signer => ({
  kind,
  sign: (data, ecdsa) => vault.sign(id, data, { hash: HASH_OF[kind], ecdsa }),
});

export const rootOf = (vault: Vault, { root, rootSecret }: LocalAuthority): Authority => ({
  der: root,
  signer: signerOf(vault, rootSecret, ROOT_KEY),
});

export const intermediateOf = (vault: Vault, authority: LocalAuthority): Authority => ({
  der: authority.intermediate,
  signer: signerOf(vault, authority.intermediateSecret, INTERMEDIATE_KEY),
});

export const randomSerial = (): Uint8Array => crypto.getRandomValues(new Uint8Array(SERIAL_BYTES));

type Above = { root: Uint8Array; intermediate?: Uint8Array };

/** What we have signed has to be valid by our own validator before anybody gets it. */
export function evaluateOwn(der: Uint8Array, { root, intermediate }: Above, now: Date): void {
  const { reasons } = evaluateChain({
    leaf: der,
    pool: indexCertificates(intermediate ? [intermediate] : []),
    roots: indexCertificates([root]),
    options: {
      at: now.getTime(),
      purpose: null,
      name: null,
      policy: ANY_POLICY_WILL_DO,
      mostIntermediates: null,
    },
    profile: "rfc5280",
    revocationLists: null,
  });
  if (reasons.length === 0) return;
  const said = reasons.map(({ sentence }) => sentence).join("; ");
  throw new Refusal("unusable", `the authority cannot sign this: ${said}`);
}
