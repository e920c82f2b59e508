import { hashKey } from "#codec/fingerprint.ts";
import {
  type Authority,
  type AuthorityKeyKind,
  algorithmOf,
  HASH_OF,
  openAuthority,
  SERIAL_BYTES,
  type Signer,
} from "#domain/issuing/authority.ts";
import { checkRequest } from "#domain/issuing/check-request.ts";
import { type Permitted, readPermitted } from "#domain/issuing/names.ts";
import { ANY_POLICY_WILL_DO, evaluateChain } from "#domain/x509/path/evaluate-chain.ts";
import { indexCertificates, type PathCertificate } from "#domain/x509/path/path-certificate.ts";
import { USAGE } from "#domain/x509/path/path-extensions.ts";
import { verifySignature } from "#domain/x509/path/verify-signature.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import type { Vault } from "#net/vault/vault.ts";
import type { TestedIssuer } from "#shared/contract/issuers.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { IssuedCertificate } from "#shared/model/issuers/issuer.ts";
import type { Sealed } from "#shared/model/issuers/vault.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { formatExpiry } from "#shared/text/elapsed.ts";
import type { IssuerRow, LocalAuthority } from "#store/issuers/issuer-store.ts";
import type { Store } from "#store/store.ts";
import type { IssuerDriver } from "./issuer-kind.ts";

type Deps = { store: Store; vault: Vault; now: () => Date };

type SignedLeaf =
  | { kind: "issued"; chain: Uint8Array[]; certificate: Omit<IssuedCertificate, "revokedAt" | "reason"> }
  | { kind: "refused"; message: string };

export type LocalIssuer = IssuerDriver & {
  sign(issuer: IssuerRow, csr: Uint8Array, days: number | null): Promise<SignedLeaf>;
  authorityOf(issuer: IssuerRow): LocalAuthority;
};

/** An authority of our own: its keys are in the vault, and sign there. */
export function createLocalIssuer({ store, vault, now }: Deps): LocalIssuer {
  const authorityOf = (issuer: IssuerRow) => findAuthority(store, issuer);
  return {
    sign,
    authorityOf,
    order: (issuer, csr, { days }) => sign(issuer, csr, days),
    test: (issuer) => testAuthority(vault, authorityOf(issuer), now()),
    secretsOf(issuer) {
      const { rootSecret, intermediateSecret } = authorityOf(issuer);
      return [...(rootSecret === null ? [] : [rootSecret]), intermediateSecret];
    },
  };

  async function sign(issuer: IssuerRow, csr: Uint8Array, days: number | null): Promise<SignedLeaf> {
    const authority = authorityOf(issuer);
    const { root, intermediate } = authority;
    const rules = {
      permitted: authority.permitted.map(readPermitted),
      ownKeys: [root, intermediate].map((der) => openAuthority({ der }).spki),
    };
    const checked = checkRequest(csr, rules);
    if (checked.kind === "faulty")
      return { kind: "refused", message: checked.faults.map(({ sentence }) => sentence).join("; ") };
    if (store.issuers.local.isCompromised(hashKey(checked.request.spki)))
      return {
        kind: "refused",
        message: "the request has a key that was revoked as compromised; make another key",
      };
    const at = now();
    const end = findEnd(authority, at);
    if (end !== null) return { kind: "refused", message: `${end}; add another authority in its place` };
    const request = {
      request: checked.request,
      days: days ?? authority.daysValid,
      now: at,
      serial: randomSerial(),
    };
    const { makeLeaf } = await import("#domain/issuing/make-certificate.ts");
    const der = await makeLeaf(request, intermediateOf(vault, authority));
    const { rootSecret } = authority;
    evaluateOwn(
      der,
      { root, intermediate },
      { now: at, profile: rootSecret === null ? "clients" : "rfc5280" },
    );
    const chain = openAuthority({ der: intermediate }).isSelfIssued ? [der] : [der, intermediate];
    return { kind: "issued", chain, certificate: await remember(issuer, der, at) };
  }

  /** Recorded before anybody gets the certificate: one that is not recorded could not be revoked. */
  async function remember({ id, name }: IssuerRow, der: Uint8Array, at: Date) {
    const read = readCertificate(der);
    const { spki } = openAuthority({ der });
    if (!read?.notAfter) throw new Error("a certificate of ours cannot be read");
    const { serial, sha256, names, notAfter } = read;
    const certificate = { serial, sha256, names, notAfter, issuedAt: toInstant(at) };
    await store.queueWrite(() => {
      store.issuers.local.addIssued(id, { ...certificate, keySha256: hashKey(spki) });
      const detail = { issuer: name, serial, sha256, names, notAfter };
      store.events.append({ at: toInstant(at), kind: "certificate-issued", detail });
    });
    return certificate;
  }
}

function findAuthority({ issuers }: Store, { id, name, kind }: IssuerRow): LocalAuthority {
  const authority = issuers.local.find(id);
  if (authority) return authority;
  throw new Refusal(
    "invalid-input",
    `${name} is no authority of our own (${kind}); latchkey issuers list says which are`,
  );
}

/** Tests whether the keys in the vault are those of the certificates, and for how long they may sign. */
async function testAuthority(vault: Vault, authority: LocalAuthority, at: Date): Promise<TestedIssuer> {
  const root = rootOf(vault, authority);
  const owners = { ...(root && { root }), intermediate: intermediateOf(vault, authority) };
  const lines: string[] = [];
  let isSound = true;
  for (const [role, { der, signer }] of Object.entries(owners)) {
    const { spki, notAfter } = openAuthority({ der });
    const content = crypto.getRandomValues(new Uint8Array(32));
    const signature = Buffer.concat([Buffer.from([0]), await signer.sign(content, "der")]);
    const signed = { content, algorithm: algorithmOf(signer), isSameAlgorithm: true, signature };
    const isOurs = verifySignature(signed, spki) === "valid";
    isSound &&= isOurs;
    const key = isOurs
      ? "has its key in the vault"
      : "has another key in the vault than its certificate says";
    lines.push(`the ${role} ${key}, and ${formatExpiry(toInstant(new Date(notAfter)), at)}`);
  }
  return { isSound: isSound && findEnd(authority, at) === null, lines };
}

/** Why it can no longer sign, as far as its own dates go. */
function findEnd({ root, intermediate }: LocalAuthority, at: Date): string | null {
  for (const [role, der] of [
    ["root", root],
    ["intermediate", intermediate],
  ] as const) {
    const { notAfter } = openAuthority({ der });
    if (at.getTime() >= notAfter) return `the ${role} ${formatExpiry(toInstant(new Date(notAfter)), at)}`;
  }
  return null;
}

type AuthorityRequest = { name: string; permitted: readonly string[]; now: Date };

const ROOT_KEY = "p384";
const INTERMEDIATE_KEY = "p256";

/** An authority with its keys in the vault, before it is stored. */
export type MadeAuthority = Omit<LocalAuthority, "daysValid">;

/**
 * Creates the keys of an authority in the vault, and its certificates. Where that fails, the vault keeps nothing of it.
 */
export async function makeAuthority(vault: Vault, request: AuthorityRequest): Promise<MadeAuthority> {
  const permitted = readAllPermitted(request.permitted);
  const own = { name: request.name, permitted, now: request.now };
  const { makeIntermediate, makeRoot } = await import("#domain/issuing/make-certificate.ts");
  const rootKey = await vault.createKey(ROOT_KEY, {
    kind: "authority-root",
    label: `root of ${request.name}`,
  });
  const made = [rootKey.id];
  try {
    const label = `intermediate of ${request.name}`;
    const key = await vault.createKey(INTERMEDIATE_KEY, { kind: "authority-intermediate", label });
    made.push(key.id);
    const signer = signerOf(vault, rootKey.id, ROOT_KEY);
    const root = await makeRoot({ ...own, spki: rootKey.spki, serial: randomSerial() }, signer);
    const above: Authority = { der: root, signer };
    const intermediate = await makeIntermediate({ ...own, spki: key.spki, serial: randomSerial() }, above);
    evaluateOwn(intermediate, { root }, { now: request.now, profile: "rfc5280" });
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

/** Null for an authority that was imported: its root's key is elsewhere. */
export const rootOf = (vault: Vault, { root, rootSecret }: LocalAuthority): Authority | null =>
  rootSecret === null ? null : { der: root, signer: signerOf(vault, rootSecret, keyKindOf(root)) };

export const intermediateOf = (vault: Vault, authority: LocalAuthority): Authority => ({
  der: authority.intermediate,
  signer: signerOf(vault, authority.intermediateSecret, keyKindOf(authority.intermediate)),
});

const randomSerial = (): Uint8Array => crypto.getRandomValues(new Uint8Array(SERIAL_BYTES));

type Above = { root: Uint8Array; intermediate?: Uint8Array };

/** By its certificate, which was compared with the key when that was created or imported. */
function keyKindOf(der: Uint8Array): AuthorityKeyKind {
  const read = readCertificate(der);
  if (read?.keyType === "RSA") return "rsa";
  return read?.curve === "P-384" ? "p384" : "p256";
}

/** `profile`: what an authority that was made elsewhere breaks of RFC 5280 is not ours to refuse, if clients accept it. */
type OwnEvaluation = { now: Date; profile: "rfc5280" | "clients" };

/** Our own validator must accept what we have signed before anybody gets it. */
function evaluateOwn(der: Uint8Array, { root, intermediate }: Above, { now, profile }: OwnEvaluation): void {
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
    profile,
    revocationLists: null,
  });
  if (reasons.length === 0) return;
  const said = reasons.map(({ sentence }) => sentence).join("; ");
  throw new Refusal("unusable", `the authority cannot sign this: ${said}`);
}

export type AuthorityImport = {
  name: string;
  permitted: readonly string[];
  /** DER: the authority's certificate and its root, in any order. */
  certificates: readonly Uint8Array[];
  /** Its private key, sealed to the vault. */
  key: Sealed;
  now: Date;
};

/**
 * Takes in an authority that was made elsewhere, by its certificate and its key, which from then on is in the vault
 * alone here. It signs for the permitted names alone, though its certificate may permit others. Where anything does
 * not fit, the vault keeps nothing of it.
 */
export async function importAuthority(vault: Vault, request: AuthorityImport): Promise<MadeAuthority> {
  const permitted = readAllPermitted(request.permitted);
  const { all } = indexCertificates(request.certificates);
  if (all.length === 0)
    throw new Refusal("invalid-input", "the certificate file holds no certificate; give one of PEM or DER");
  const label = `key of ${request.name}`;
  const key = await vault.importKey(request.key, { kind: "authority-intermediate", label });
  try {
    const own = all.find(({ spki }) => Buffer.compare(spki, key.spki) === 0);
    if (!own)
      throw new Refusal(
        "invalid-input",
        "the key is of none of the certificates in the file; give both of one CA",
      );
    const root = findRoot(own, all, request.now);
    return {
      permitted: permitted.map(({ text }) => text),
      root,
      rootSecret: null,
      intermediate: own.der,
      intermediateSecret: key.id,
    };
  } catch (error) {
    await vault.forget(key.id);
    throw error;
  }
}

/** The root right above an authority, or itself; refuses one that clients would not accept. */
function findRoot(own: PathCertificate, all: readonly PathCertificate[], now: Date): Uint8Array {
  const roots = all.filter(({ isSelfIssued }) => isSelfIssued);
  if (roots.length === 0)
    throw new Refusal(
      "invalid-input",
      "the file holds no root; add it to the file, below the CA's own certificate",
    );
  const { reasons, path } = evaluateChain({
    leaf: own.der,
    pool: indexCertificates([]),
    roots: indexCertificates(roots.map(({ der }) => der)),
    options: {
      at: now.getTime(),
      purpose: null,
      name: null,
      policy: ANY_POLICY_WILL_DO,
      mostIntermediates: null,
    },
    profile: "clients",
    role: "authority",
    revocationLists: null,
  });
  const { basicConstraints, keyUsage } = own.extensions;
  const mayNot =
    basicConstraints?.isCa !== true || (keyUsage !== null && (keyUsage & USAGE.keyCertSign) === 0)
      ? "it may not sign certificates, by its own"
      : null;
  const why = mayNot ?? (reasons.length > 0 ? reasons.map(({ sentence }) => sentence).join("; ") : null);
  if (why !== null) throw new Refusal("invalid-input", `this CA cannot be used: ${why}`);
  const root = roots.find(({ sha256 }) => sha256 === path.at(-1));
  if (!root) throw new Error("a valid path ends at one of the roots");
  return root.der;
}
