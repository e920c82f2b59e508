import type { CorpusCase } from "#testing/corpora/chain-corpus.ts";
import {
  alternativeNames,
  authorityKey,
  basicConstraints,
  dnsName,
  extendedKeyUsage,
  keyUsage,
  makeKey,
  PURPOSE,
  SCHEMES,
  subjectKey,
} from "#testing/corpora/issue-certificate.ts";
import { commonName, der, extension, oid, sequence, text } from "#testing/tls/build-certificate.ts";
import {
  authority,
  type Form,
  issueAuthority,
  issueChain,
  issueLeaf,
  issueRoot,
  limboCase,
  simpleCase,
  strangeExtension,
} from "./issue-chain.ts";
import { nameConstraintsCases } from "./name-constraints-cases.ts";
import { pathCases } from "./path-cases.ts";
import { webpkiCases } from "./webpki-cases.ts";

/** x509-limbo's cases of what RFC 5280 demands of certificates, name constraints aside: rfc5280::. */
function* certificateCases(): Generator<CorpusCase> {
  yield* keyIdentifierCases();
  yield* authorityCases();
  yield* extensionCases();
  yield* nameCases();
  yield* unknownExtensionCases();
  yield* validityCases();
}

const DEEPEST: Form = { constraints: basicConstraints(authority(0)) };

function* keyIdentifierCases(): Generator<CorpusCase> {
  const key = makeKey();
  const criticalKey = { key, authorityKey: authorityKey(key, true) };
  yield simpleCase("rfc5280::aki::critical-aki", "invalid", { root: criticalKey });
  const trusted = issueAuthority(issueRoot(), { ...DEEPEST, authorityKey: null });
  const crossed = { roots: [trusted], leaf: issueLeaf(trusted) };
  yield limboCase("rfc5280::aki::cross-signed-root-missing-aki", "invalid", crossed);
  const middle = { ...DEEPEST, authorityKey: null };
  yield simpleCase("rfc5280::aki::intermediate-missing-aki", "invalid", { middle });
  yield simpleCase("rfc5280::aki::leaf-missing-aki", "invalid", { leaf: { authorityKey: null } });
  yield simpleCase("rfc5280::aki::self-signed-root-missing-aki", "valid", {});
  yield simpleCase("rfc5280::ski::critical-ski", "invalid", {
    root: { key, subjectKey: subjectKey(key, true) },
  });
  yield simpleCase("rfc5280::ski::intermediate-missing-ski", "invalid", { middle: { subjectKey: null } });
  yield simpleCase("rfc5280::ski::root-missing-ski", "invalid", { root: { subjectKey: null } });
}

function* authorityCases(): Generator<CorpusCase> {
  const names = alternativeNames([dnsName("ca.example.com")]);
  const root = issueRoot();
  const chain = { roots: [root], leaf: issueAuthority(root, { names }) };
  yield limboCase("rfc5280::ca-as-leaf", "valid", chain, { name: "ca.example.com" });
  yield limboCase("rfc5280::ca-as-leaf-wrong-san", "invalid", chain, { name: "some-other-ca.example.com" });
  yield simpleCase("rfc5280::ca-empty-subject", "invalid", { root: { subject: sequence() } });
  const unrelated = issueRoot({ subject: commonName("unrelated root") });
  const { roots, pool = [], leaf } = issueChain({ middle: DEEPEST });
  yield limboCase("rfc5280::chain-untrusted-root", "invalid", {
    roots: [unrelated],
    pool: [...roots, ...pool],
    leaf,
  });
  // The intermediate is not sent, or may not sign: either way nothing leads to the root.
  const noSigner = { ...DEEPEST, usage: keyUsage(["digitalSignature"], false) };
  yield simpleCase("rfc5280::ica-ku-keycertsign", "invalid", { middle: noSigner });
  yield simpleCase("rfc5280::intermediate-ca-missing-basic-constraints", "invalid", {
    middle: { constraints: null },
  });
  const noAuthority = { constraints: basicConstraints({ isAuthority: false }) };
  yield simpleCase("rfc5280::intermediate-ca-without-ca-bit", "invalid", { middle: noAuthority });
  const upper = issueRoot();
  const lower = issueAuthority(upper);
  const swapped = { roots: [lower], pool: [upper], leaf: issueLeaf(lower) };
  yield limboCase("rfc5280::root-and-intermediate-swapped", "valid", swapped);
  yield simpleCase("rfc5280::root-inconsistent-ca-extensions", "invalid", {
    root: { usage: keyUsage([], false) },
  });
  yield simpleCase("rfc5280::root-missing-basic-constraints", "invalid", { root: { constraints: null } });
  const uncritical = { constraints: basicConstraints(authority(), false) };
  yield simpleCase("rfc5280::root-non-critical-basic-constraints", "invalid", { root: uncritical });
  const constraints = extension("2.5.29.36", sequence(der(0x80, [3])));
  yield simpleCase("rfc5280::pc::ica-noncritical-pc", "invalid", { middle: { more: [constraints] } });
}

const accessTo = (address: Buffer, isCritical = false): Buffer =>
  extension("1.3.6.1.5.5.7.1.1", sequence(sequence(oid("1.3.6.1.5.5.7.48.1"), address)), isCritical);

function* extensionCases(): Generator<CorpusCase> {
  const again = alternativeNames([dnsName("example.com")]);
  yield simpleCase("rfc5280::duplicate-extensions", "invalid", { leaf: { more: [again] } });
  const responder = text(0x86, "http://ocsp.example.com");
  yield simpleCase("rfc5280::ee-aia", "valid", { leaf: { more: [accessTo(responder)] } });
  yield simpleCase("rfc5280::ee-critical-aia-invalid", "invalid", {
    leaf: { more: [accessTo(responder, true)] },
  });
  yield simpleCase("rfc5280::eku::ee-eku-empty", "invalid", { leaf: { purposes: extendedKeyUsage([]) } });
  yield simpleCase("rfc5280::eku::ee-without-eku", "valid", { leaf: { purposes: null } });
  const client = { purposes: extendedKeyUsage([PURPOSE.client]) };
  yield simpleCase("rfc5280::eku::ee-wrong-eku", "invalid", { leaf: client });
  const signs = {
    constraints: basicConstraints({ isAuthority: false }),
    usage: keyUsage(["digitalSignature", "keyCertSign"], false),
  };
  yield simpleCase("rfc5280::leaf-ku-keycertsign", "invalid", { leaf: signs });
  const { algorithm } = SCHEMES["rsa-sha256"];
  yield simpleCase("rfc5280::mismatching-signature-algorithm", "invalid", {
    leaf: { outerAlgorithm: algorithm },
  });
  yield simpleCase("rfc5280::no-basicconstraints", "valid", {});
  yield simpleCase("rfc5280::no-keyusage", "valid", { leaf: { usage: null } });
  const tooLong = Buffer.concat([Buffer.from([1]), Buffer.alloc(21, 7)]);
  yield simpleCase("rfc5280::serial::too-long", "invalid", { leaf: { serial: tooLong } });
  yield simpleCase("rfc5280::serial::zero", "invalid", { leaf: { serial: Buffer.from([0]) } });
  yield simpleCase("rfc5280::serial::negative", "invalid", {
    leaf: { serial: Buffer.from("f11223344556", "hex") },
  });
}

function* nameCases(): Generator<CorpusCase> {
  const leaf = (form: Form) => ({ leaf: form });
  yield simpleCase("rfc5280::ee-empty-issuer", "invalid", leaf({ issuerName: sequence() }));
  const address = leaf({ names: alternativeNames([dnsName("8.8.8.8")]) });
  yield simpleCase("rfc5280::san::ip-in-dns", "invalid", address, { name: "8.8.8.8" });
  const malformed = extension("2.5.29.17", Buffer.from("no names at all"));
  yield simpleCase("rfc5280::san::malformed", "invalid", leaf({ names: malformed }));
  yield simpleCase("rfc5280::san::noncritical-with-empty-subject", "invalid", leaf({ subject: sequence() }));
  const underscore = leaf({ names: alternativeNames([dnsName("foo_bar.example.com")]) });
  yield simpleCase("rfc5280::san::underscore-dns", "invalid", underscore, { name: "foo_bar.example.com" });
}

function* unknownExtensionCases(): Generator<CorpusCase> {
  const more = [strangeExtension()];
  yield simpleCase("rfc5280::unknown-critical-extension-ee", "invalid", { leaf: { more } });
  const middleForm = { ...DEEPEST, more };
  yield simpleCase("rfc5280::unknown-critical-extension-intermediate", "invalid", { middle: middleForm });
  yield simpleCase("rfc5280::unknown-critical-extension-root", "invalid", { root: { more } });
  const root = issueRoot();
  const middle = issueAuthority(root, DEEPEST);
  const unrelated = issueRoot({ subject: commonName("unrelated"), more });
  const { subject, key } = middle;
  const twin = issueAuthority(unrelated, { subject, key, more });
  const pool = [middle, twin];
  const chain = { roots: [root], pool, leaf: issueLeaf(middle) };
  yield limboCase("rfc5280::unknown-critical-extension-unrelated-intermediate", "valid", chain);
  const beside = { roots: [root, unrelated], leaf: issueLeaf(root) };
  yield limboCase("rfc5280::unknown-critical-extension-unrelated-root", "valid", beside);
}

type Dates = { from: Date; until: Date };
const dates = (from: string, until: string): Dates => ({
  from: new Date(`${from}Z`),
  until: new Date(`${until}Z`),
});

function* validityCases(): Generator<CorpusCase> {
  const id = (what: string) => `rfc5280::validity::${what}`;
  const long = dates("2016-01-01T00:00:00", "2026-01-01T00:00:00");
  const past = dates("2016-01-01T00:00:00", "2020-01-01T00:00:00");
  const leaf = dates("2018-01-01T00:00:00", "2023-01-01T00:00:00");
  const question = { at: "2022-01-01T00:00:00Z" };
  yield simpleCase(id("expired-root"), "invalid", { root: past, middle: long, leaf }, question);
  yield simpleCase(id("expired-intermediate"), "invalid", { root: long, middle: past, leaf }, question);
  const over = dates("2018-01-01T00:00:00", "2021-01-01T00:00:00");
  yield simpleCase(id("expired-leaf"), "invalid", { root: long, middle: long, leaf: over }, question);
  for (const [what, verdict, from, at] of [
    ["expired-1-second", "invalid", "2024-03-01T00:00:00", "2024-04-01T00:00:01Z"],
    ["expired-5-seconds", "invalid", "2024-03-01T00:00:00", "2024-04-01T00:00:05Z"],
    ["notafter-exact", "valid", "2024-03-01T00:00:00", "2024-04-01T00:00:00Z"],
    ["notafter-fractional", "valid", "2024-03-01T00:00:00", "2024-04-01T00:00:00.005Z"],
    ["not-yet-valid-1-second", "invalid", "2024-03-01T00:00:01", "2024-03-01T00:00:00Z"],
    ["not-yet-valid-5-seconds", "invalid", "2024-03-01T00:00:05", "2024-03-01T00:00:00Z"],
    ["notbefore-exact", "valid", "2024-03-01T00:00:00", "2024-03-01T00:00:00Z"],
    ["notbefore-fractional", "invalid", "2024-03-01T00:00:01", "2024-03-01T00:00:00.999Z"],
  ] as const) {
    const all = dates(from, "2024-04-01T00:00:00");
    yield simpleCase(id(what), verdict, { root: all, middle: all, leaf: all }, { at });
  }
}

/**
 * The cases of C2SP's x509-limbo, which pyca maintains to test path validation: each is issued anew, with the content
 * that its id and its description demand, and with x509-limbo's verdict. BetterTLS, which it contains, has its own
 * test.
 */
export function* limboCases(): Generator<CorpusCase> {
  yield* pathCases();
  yield* certificateCases();
  yield* nameConstraintsCases();
  yield* webpkiCases();
}
