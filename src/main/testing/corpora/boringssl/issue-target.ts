import type { CorpusCase } from "#testing/corpora/chain-corpus.ts";
import {
  authorityKey,
  basicConstraints,
  CORPUS_TIME,
  extendedKeyUsage,
  type IssuedCertificate,
  issueCertificate,
  keyUsage,
  makeKey,
  PURPOSE,
  type SignatureScheme,
  type SigningKey,
  subjectKey,
} from "#testing/corpora/issue-certificate.ts";
import { commonName } from "#testing/tls/build-certificate.ts";

/**
 * How the certificates of BoringSSL's tests look by default; a case overrides fields, and null leaves an extension out.
 */
export type Form = {
  /** A name in DER. */
  subject?: Buffer;
  key?: SigningKey;
  from?: Date;
  until?: Date;
  scheme?: SignatureScheme;
  constraints?: Buffer | null;
  usage?: Buffer | null;
  purposes?: Buffer | null;
  authorityKey?: Buffer | null;
  more?: readonly Buffer[];
};

/** The purpose that a chain is evaluated for: "any", "server", "client", each possibly with a stricter policy. */
export type Purposes = `${"any" | "server" | "client"}${string}`;

type Issuer = Pick<IssuedCertificate, "subject" | "key">;
type Kind = { title: string; issuer: Issuer | null; isAuthority: boolean };

function issue({ title, issuer, isAuthority }: Kind, form: Form): IssuedCertificate {
  const key = form.key ?? makeKey();
  const usage = isAuthority
    ? keyUsage(["keyCertSign", "cRLSign"])
    : keyUsage(["digitalSignature", "keyEncipherment"]);
  const chosen = [
    form.constraints === undefined && isAuthority
      ? basicConstraints({ isAuthority: true })
      : (form.constraints ?? null),
    form.usage === undefined ? usage : form.usage,
    form.purposes === undefined && !isAuthority
      ? extendedKeyUsage([PURPOSE.server, PURPOSE.client])
      : (form.purposes ?? null),
    form.authorityKey === undefined && issuer ? authorityKey(issuer.key) : (form.authorityKey ?? null),
    subjectKey(key),
  ];
  return issueCertificate({
    subject: form.subject ?? commonName(title),
    issuer,
    key,
    extensions: [...chosen.filter((each) => each !== null), ...(form.more ?? [])],
    ...(form.from ? { notBefore: form.from } : {}),
    ...(form.until ? { notAfter: form.until } : {}),
    ...(form.scheme ? { scheme: form.scheme } : {}),
  });
}

/** A self-signed root, "Root" by name. */
export const anchor = (form: Form = {}): IssuedCertificate =>
  issue({ title: "Root", issuer: null, isAuthority: true }, form);

/** An authority below another one. */
export const issueUnder = (issuer: Issuer, title: string, form: Form = {}): IssuedCertificate =>
  issue({ title, issuer, isAuthority: true }, form);

/** The certificate that is evaluated; self-signed without an issuer. */
export const issueTarget = (issuer: Issuer | null, form: Form = {}): IssuedCertificate =>
  issue({ title: "Target", issuer, isAuthority: false }, form);

type Verdict = "accepted" | "refused";
type Chain = {
  roots: readonly IssuedCertificate[];
  pool: readonly IssuedCertificate[];
  target: IssuedCertificate;
};

/** A case of any chain, by default for a TLS server. */
export const boringCase = (id: string, verdict: Verdict, { roots, pool, target }: Chain): CorpusCase => ({
  id,
  leaf: target.der,
  pool: pool.map((each) => each.der),
  roots: roots.map((each) => each.der),
  at: CORPUS_TIME,
  purpose: "server",
  name: null,
  isAccepted: verdict === "accepted",
});

export type Forms = { anchor?: IssuedCertificate; root?: Form; middle?: Form; target?: Form };

/** Root, intermediate and target. */
export function simple(id: string, verdict: Verdict, forms: Forms): CorpusCase {
  const root = forms.anchor ?? anchor(forms.root);
  const middle = issueUnder(root, "Intermediate", forms.middle);
  return boringCase(id, verdict, {
    roots: [root],
    pool: [middle],
    target: issueTarget(middle, forms.target),
  });
}
