import { sign } from "node:crypto";
import type { CorpusCase } from "#testing/corpora/chain-corpus.ts";
import {
  type Authority,
  alternativeNames,
  authorityKey,
  basicConstraints,
  dnsName,
  encodeTime,
  extendedKeyUsage,
  type IssuedCertificate,
  issueCertificate,
  keyUsage,
  makeKey,
  PURPOSE,
  SCHEMES,
  type SigningKey,
  subjectKey,
} from "#testing/corpora/issue-certificate.ts";
import { commonName, der, extension, oid, sequence } from "#testing/tls/build-certificate.ts";

/**
 * How the certificates of C2SP's x509-limbo look: on P-256, with key identifiers and key usages, for example.com, valid
 * from 1970 for a thousand years. A case overrides fields: null leaves an extension out.
 */
export type Form = {
  /** A name in DER. */
  subject?: Buffer;
  issuerName?: Buffer;
  serial?: Buffer;
  from?: Date;
  until?: Date;
  key?: SigningKey;
  version?: 1 | 3;
  constraints?: Buffer | null;
  usage?: Buffer | null;
  purposes?: Buffer | null;
  names?: Buffer | null;
  authorityKey?: Buffer | null;
  subjectKey?: Buffer | null;
  more?: readonly Buffer[];
  outerAlgorithm?: Buffer;
  signature?: Buffer;
};

export const EXAMPLE = "example.com";
const FROM = new Date("1970-01-01T00:00:01Z");
const UNTIL = new Date("2969-05-03T00:00:01Z");
const NAMES = alternativeNames([dnsName(EXAMPLE)]);

export const authority = (pathLength?: number): Authority =>
  pathLength === undefined ? { isAuthority: true } : { isAuthority: true, pathLength };

type Defaults = Pick<Form, "constraints" | "usage" | "purposes" | "names"> & { isKeyIdentified: boolean };

const orElse = <Value>(value: Value | null | undefined, other: Value | null): Value[] => {
  const chosen = value === undefined ? other : value;
  return chosen === null ? [] : [chosen];
};

function issue(
  issuer: IssuedCertificate | null,
  subject: Buffer,
  form: Form,
  defaults: Defaults,
): IssuedCertificate {
  const key = form.key ?? makeKey();
  const named = form.subject ?? subject;
  const signer = issuer ?? { subject: named, key };
  const extensions = [
    ...orElse(form.constraints, defaults.constraints ?? null),
    ...orElse(form.usage, defaults.usage ?? null),
    ...orElse(form.purposes, defaults.purposes ?? null),
    ...orElse(form.names, defaults.names ?? null),
    ...orElse(form.authorityKey, defaults.isKeyIdentified ? authorityKey(signer.key) : null),
    ...orElse(form.subjectKey, subjectKey(key)),
    ...(form.more ?? []),
  ];
  const { version = 3, issuerName = signer.subject } = form;
  return issueCertificate({
    subject: named,
    issuer: { subject: issuerName, key: signer.key },
    key,
    extensions: version === 1 ? [] : extensions,
    notBefore: form.from ?? FROM,
    notAfter: form.until ?? UNTIL,
    version,
    ...(form.serial ? { serial: form.serial } : {}),
    ...(form.outerAlgorithm ? { outerAlgorithm: form.outerAlgorithm } : {}),
    ...(form.signature ? { signature: form.signature } : {}),
  });
}

export const ROOT_NAME = commonName("limbo root");

export const issueRoot = (form: Form = {}): IssuedCertificate =>
  issue(null, ROOT_NAME, form, {
    constraints: basicConstraints(authority()),
    usage: keyUsage(["keyCertSign", "cRLSign"], false),
    names: NAMES,
    isKeyIdentified: false,
  });

let count = 0;

/** Each has a name of its own, so that it is self-issued only if a case says so. */
export const issueAuthority = (issuer: IssuedCertificate, form: Form = {}): IssuedCertificate =>
  issue(issuer, commonName(`limbo intermediate ${count++}`), form, {
    constraints: basicConstraints(authority()),
    usage: keyUsage(["keyCertSign"], false),
    names: NAMES,
    isKeyIdentified: true,
  });

export const issueLeaf = (issuer: IssuedCertificate, form: Form = {}): IssuedCertificate =>
  issue(issuer, commonName(EXAMPLE), form, {
    usage: keyUsage(["digitalSignature"], false),
    purposes: extendedKeyUsage([PURPOSE.server]),
    names: NAMES,
    isKeyIdentified: true,
  });

export type LimboVerdict = "valid" | "invalid";

/** The parameters of the evaluation: by default for a TLS server at example.com in 2026. */
export type Question = {
  name?: string | null;
  purpose?: "server" | "client";
  at?: string;
  mostIntermediates?: number;
  lists?: readonly Buffer[];
};

export type Chain = {
  roots: readonly IssuedCertificate[];
  pool?: readonly IssuedCertificate[];
  leaf: IssuedCertificate;
};

/** A case of any shape, under x509-limbo's id. */
export function limboCase(
  id: string,
  verdict: LimboVerdict,
  { roots, pool = [], leaf }: Chain,
  question: Question = {},
): CorpusCase {
  const {
    name = EXAMPLE,
    purpose = "server",
    at = "2026-06-01T00:00:00Z",
    mostIntermediates,
    lists,
  } = question;
  return {
    id,
    leaf: leaf.der,
    pool: pool.map((each) => each.der),
    roots: roots.map((each) => each.der),
    at: Date.parse(at),
    purpose,
    name,
    isAccepted: verdict === "valid",
    ...(mostIntermediates === undefined ? {} : { mostIntermediates }),
    ...(lists ? { lists } : {}),
  };
}

export type Forms = { root?: Form; middle?: Form; leaf?: Form };

/** Root and leaf; and an authority between them if its form is given. */
export function issueChain({ root: rootForm, middle: middleForm, leaf: leafForm }: Forms): Chain {
  const root = issueRoot(rootForm);
  const middle = middleForm && issueAuthority(root, middleForm);
  const leaf = issueLeaf(middle ?? root, leafForm);
  return { roots: [root], pool: middle ? [middle] : [], leaf };
}

export const simpleCase = (
  id: string,
  verdict: LimboVerdict,
  forms: Forms,
  question?: Question,
): CorpusCase => limboCase(id, verdict, issueChain(forms), question);

type ListContent = {
  revoked?: readonly IssuedCertificate[];
  /** Null: left out. */
  number?: "critical" | "uncritical" | null;
};

/** A revocation list as x509-limbo makes them. */
export function issueList(
  issuer: IssuedCertificate,
  { revoked = [], number = "uncritical" }: ListContent = {},
): Buffer {
  const { algorithm, digest } = SCHEMES["ecdsa-sha256"];
  const entries = revoked.map(({ serial }) => sequence(der(0x02, serial), encodeTime(FROM)));
  const extensions = [
    authorityKey(issuer.key),
    ...(number === null ? [] : [extension("2.5.29.20", der(0x02, [5, 57]), number === "critical")]),
  ];
  const content = sequence(
    der(0x02, [1]),
    algorithm,
    issuer.subject,
    encodeTime(FROM),
    encodeTime(UNTIL),
    ...(entries.length > 0 ? [sequence(...entries)] : []),
    der(0xa0, sequence(...extensions)),
  );
  return sequence(content, algorithm, der(0x03, [0], sign(digest, content, issuer.key.privateKey)));
}

/** An unknown extension. */
export const strangeExtension = (): Buffer =>
  sequence(oid("1.3.6.1.4.1.55738.666.1"), der(0x01, [0xff]), der(0x04));
