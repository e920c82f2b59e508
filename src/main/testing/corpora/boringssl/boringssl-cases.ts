import { generateKeyPairSync } from "node:crypto";
import type { CorpusCase } from "#testing/corpora/chain-corpus.ts";
import {
  type Authority,
  basicConstraints,
  extendedKeyUsage,
  keyOf,
  keyUsage,
  makeKey,
  PURPOSE,
  SCHEMES,
  type SigningKey,
  type UsageBit,
} from "#testing/corpora/issue-certificate.ts";
import { commonName, der, extension, oid, sequence, text } from "#testing/tls/build-certificate.ts";
import {
  anchor,
  boringCase,
  type Form,
  type Forms,
  issueTarget,
  issueUnder,
  type Purposes,
  simple,
} from "./issue-target.ts";

/**
 * The chains of BoringSSL's verify_certificate_chain_unittest, issued anew from their descriptions. Left out are those
 * for the purposes of RCS and C2PA, and those that demand that a trusted leaf be self-signed.
 */
export function* boringsslCases(): Generator<CorpusCase> {
  yield* authorityCases();
  yield* lengthCases();
  yield* extensionCases();
  yield* signatureCases();
  yield* keyCases();
  yield* timeCases();
  yield* usageCases();
  yield* purposeCases();
  yield* rolloverCases();
  yield* targetOnlyCases();
  yield* policyCases();
}

const asAuthority = (content: Authority, isCritical = true): Form => ({
  constraints: basicConstraints(content, isCritical),
});

function* authorityCases(): Generator<CorpusCase> {
  yield simple("target-and-intermediate", "accepted", {});
  const chain = simple("target-and-intermediate/unspecified-trust-root", "refused", {});
  yield { ...chain, roots: [] };
  yield simple("intermediate-lacks-basic-constraints", "refused", { middle: { constraints: null } });
  const not = asAuthority({ isAuthority: false });
  yield simple("intermediate-basic-constraints-ca-false", "refused", { middle: not });
  const uncritical = asAuthority({ isAuthority: true }, false);
  yield simple("intermediate-basic-constraints-not-critical", "accepted", { middle: uncritical });
  yield simple("root-lacks-basic-constraints", "accepted", { root: { constraints: null } });
  yield simple("root-lacks-basic-constraints/with constraints", "refused", { root: { constraints: null } });
  yield simple("root-basic-constraints-ca-false", "accepted", { root: not });
  yield simple("root-basic-constraints-ca-false/with constraints", "refused", { root: not });
  const target = asAuthority({ isAuthority: true });
  yield simple("target-has-ca-basic-constraints", "accepted", { target });
  yield simple("target-has-ca-basic-constraints/strict", "refused", { target });
  const upper = anchor();
  const middle = issueUnder(upper, "Intermediate");
  const end = issueUnder(middle, "Target");
  const authorityAsTarget = { roots: [upper], pool: [middle], target: end };
  yield boringCase("target-not-end-entity", "accepted", authorityAsTarget);
  yield boringCase("target-not-end-entity/strict", "refused", authorityAsTarget);
  const shadow = anchor({ subject: commonName("ShadowRoot") });
  yield simple("non-self-signed-root", "accepted", { anchor: issueUnder(shadow, "Root") });
}

function* lengthCases(): Generator<CorpusCase> {
  const none = asAuthority({ isAuthority: true, pathLength: 0 });
  const nested = (rootForm: Form, upperForm: Form, lowerForm: Form) => {
    const root = anchor(rootForm);
    const upper = issueUnder(root, "Intermediate1", upperForm);
    const lower = issueUnder(upper, "Intermediate2", lowerForm);
    return { roots: [root], pool: [upper, lower], target: issueTarget(lower) };
  };
  yield boringCase("violates-basic-constraints-pathlen-0", "refused", nested({}, none, none));
  const subject = commonName("Intermediate");
  const selfIssued = nested({}, { ...none, subject }, { ...none, subject });
  yield boringCase("basic-constraints-pathlen-0-self-issued", "accepted", selfIssued);
  const one = nested(asAuthority({ isAuthority: true, pathLength: 0 }), {}, {});
  yield boringCase("violates-pathlen-1-from-root", "accepted", one);
  yield boringCase("violates-pathlen-1-from-root/with constraints", "refused", one);
  const target = asAuthority({ isAuthority: false, pathLength: 1 });
  yield simple("target-has-pathlen-but-not-ca", "accepted", { target });
}

const unknown = (isCritical: boolean, type = "1.2.3.4"): Form => ({
  more: [extension(type, Buffer.from([1, 2, 3, 4]), isCritical)],
});

function* extensionCases(): Generator<CorpusCase> {
  yield simple("intermediate-unknown-critical-extension", "refused", { middle: unknown(true) });
  yield simple("intermediate-unknown-non-critical-extension", "accepted", { middle: unknown(false) });
  yield simple("target-unknown-critical-extension", "refused", { target: unknown(true) });
  const policies = "1.3.6.1.4.1.311.21.10";
  const none = { ...unknown(true, policies), purposes: null };
  yield simple("target-msapplicationpolicies-no-eku", "refused", { target: none });
  const server = { ...unknown(true, policies), purposes: extendedKeyUsage([PURPOSE.server]) };
  yield simple("target-msapplicationpolicies-and-eku", "accepted", { target: server });
}

function* signatureCases(): Generator<CorpusCase> {
  const scheme = SCHEMES["ecdsa-sha1"];
  yield simple("target-signed-with-sha1", "refused", { target: { scheme } });
  yield simple("intermediate-signed-with-sha1", "refused", { middle: { scheme } });
  const root = anchor();
  const middle = issueUnder(root, "Intermediate");
  const namesake = issueUnder(root, "Intermediate");
  const target = issueTarget(namesake);
  yield boringCase("target-wrong-signature", "refused", { roots: [root], pool: [middle], target });
  const wrongMiddle = issueUnder(anchor(), "Intermediate");
  const both = { roots: [root], pool: [wrongMiddle], target };
  yield boringCase("intermediate-and-target-wrong-signature", "refused", both);
  const bogus = anchor({ subject: commonName("BogusRoot") });
  const incorrect = { roots: [bogus], pool: [middle], target: issueTarget(middle) };
  yield boringCase("incorrect-trust-anchor", "refused", incorrect);
  const bare = { authorityKey: null };
  const anonymous = { roots: [root], pool: [middle], target: issueTarget(namesake, bare) };
  yield boringCase("target-wrong-signature-no-authority-key-identifier", "refused", anonymous);
  const bareMiddle = issueUnder(root, "Intermediate", bare);
  const otherRoot = { roots: [anchor()], pool: [bareMiddle], target: issueTarget(bareMiddle) };
  yield boringCase("intermediate-wrong-signature-no-authority-key-identifier", "refused", otherRoot);
}

const rsa = (modulusLength: number): SigningKey => keyOf(generateKeyPairSync("rsa", { modulusLength }));
const P384 = (): SigningKey => keyOf(generateKeyPairSync("ec", { namedCurve: "P-384" }));

function* keyCases(): Generator<CorpusCase> {
  yield simple("target-has-512bit-rsa-key", "refused", { target: { key: rsa(512) } });
  yield simple("target-signed-by-512bit-rsa", "refused", { middle: { key: rsa(512) } });
  const real = makeKey();
  // An algorithm without a key.
  const spki = sequence(sequence(der(0x06, Buffer.from("2a8648ce3d0201", "hex"))), der(0x03, [0]));
  yield simple("intermediate-invalid-spki", "refused", { middle: { key: { ...real, spki } } });
  yield simple("target-signed-using-ecdsa", "accepted", { middle: { key: P384() } });
}

const months = (first: number, last: number): Form => ({
  from: new Date(Date.UTC(2026, first - 1, 1)),
  until: new Date(Date.UTC(2026, last - 1, 1)),
});

function* timeCases(): Generator<CorpusCase> {
  const long = months(1, 12);
  const short = months(3, 9);
  const early = Date.UTC(2026, 1, 1, 12);
  const late = Date.UTC(2026, 10, 2, 12);
  for (const [at, when] of [
    [early, "not-before"],
    [late, "not-after"],
  ] as const) {
    const dated = (form: { root?: Form; middle?: Form; target?: Form }) => ({
      root: form.root ?? long,
      middle: form.middle ?? long,
      target: form.target ?? long,
    });
    yield { ...simple(`expired-target/${when}`, "refused", dated({ target: short })), at };
    yield { ...simple(`expired-intermediate/${when}`, "refused", dated({ middle: short })), at };
    yield { ...simple(`expired-root/${when}`, "accepted", dated({ root: short })), at };
    yield { ...simple(`expired-root/${when} with expiration`, "refused", dated({ root: short })), at };
  }
}

function* usageCases(): Generator<CorpusCase> {
  const encrypts: Form = { usage: keyUsage(["digitalSignature", "keyEncipherment"]) };
  yield simple("intermediate-lacks-signing-key-usage", "refused", { middle: encrypts });
  yield simple("root-lacks-keycertsign-key-usage", "accepted", { root: encrypts });
  yield simple("root-lacks-keycertsign-key-usage/with constraints", "refused", { root: encrypts });
  const signs: Form = { usage: keyUsage(["digitalSignature", "keyEncipherment", "keyCertSign"]) };
  yield simple("target-has-keycertsign-but-not-ca", "accepted", { target: signs });
  const keys = { rsa: rsa(2_048), ec: P384() };
  const usages: readonly UsageBit[] = ["decipherOnly", "digitalSignature", "keyAgreement", "keyEncipherment"];
  for (const [type, key] of Object.entries(keys))
    for (const usage of usages) {
      const target = { key, usage: keyUsage([usage]), purposes: extendedKeyUsage([PURPOSE.server]) };
      yield simple(`target-serverauth-various-keyusages/${type}-${usage}`, "accepted", { target });
    }
}

/** By purpose. "strict": BoringSSL's verdict about any chain, and about one under a stricter policy. */
function* purposeCases(): Generator<CorpusCase> {
  const { any, server, client, code, ocsp, timestamp } = PURPOSE;
  const gated = "2.16.840.1.113730.4.1";
  const rows: [
    id: string,
    where: "root" | "middle" | "target",
    purposes: string[] | null,
    verdicts: string,
  ][] = [
    ["intermediate-eku-clientauth", "middle", [client], "any+ server- client+ server-strict- client-strict+"],
    [
      "intermediate-eku-any-and-clientauth",
      "middle",
      [any, client],
      "any+ server+ client+ server-strict- client-strict+",
    ],
    [
      "intermediate-eku-server-gated-crypto",
      "middle",
      [gated],
      "any+ server- client- server-strict- client-strict-",
    ],
    ["target-eku-clientauth", "target", [client], "any+ server- client+ server-strict- client-strict-"],
    ["target-eku-any", "target", [any], "any+ server+ client+ server-strict- client-strict-"],
    [
      "target-eku-many",
      "target",
      [server, client, code, ocsp, timestamp],
      "any+ server+ client+ server-strict- client-strict-",
    ],
    ["target-eku-none", "target", null, "any+ server+ client+ server-strict- client-strict-"],
    ["root-eku-clientauth", "root", [client], "server+ server-strict+ server/with-constraints-"],
  ];
  for (const [id, where, purposes, verdicts] of rows)
    for (const verdict of verdicts.split(" ")) {
      const asked = verdict.slice(0, -1);
      const form = { [where]: { purposes: purposes && extendedKeyUsage(purposes) } };
      const chain = simple(`${id}/${asked}`, verdict.endsWith("+") ? "accepted" : "refused", form);
      yield { ...chain, purpose: purposeOf(asked as Purposes) };
    }
}

const purposeOf = (asked: Purposes) =>
  asked.startsWith("server") ? "server" : asked.startsWith("client") ? "client" : null;

/** A root, its successor, and the successor's key signed by the old root. */
function* rolloverCases(): Generator<CorpusCase> {
  const [key, middleKey] = [makeKey(), makeKey()];
  const old = anchor();
  const young = anchor({ key });
  const rollover = issueUnder(old, "Root", { key });
  const oldMiddle = issueUnder(old, "Intermediate", { key: middleKey });
  const newMiddle = issueUnder(young, "Intermediate", { key: middleKey });
  const target = issueTarget(oldMiddle);
  const chains = {
    oldchain: { roots: [old], pool: [oldMiddle] },
    rolloverchain: { roots: [old], pool: [newMiddle, rollover] },
    longrolloverchain: { roots: [old], pool: [newMiddle, young, rollover] },
    newchain: { roots: [young], pool: [newMiddle] },
  };
  for (const [id, chain] of Object.entries(chains))
    yield boringCase(`key-rollover/${id}`, "accepted", { ...chain, target });
  // Names that are equal though they are written differently.
  const printable = text(0x13, "Equal  NAME").subarray(2);
  const written = commonName(printable, 0x13);
  const equal = { ...old, subject: commonName("equal name") };
  const root = { roots: [anchor({ key: old.key, subject: written })], pool: [], target: issueTarget(equal) };
  yield boringCase("issuer-and-subject-not-byte-for-byte-equal/anchor", "accepted", root);
  const middle = issueUnder(old, "Intermediate", { subject: written, key: middleKey });
  const end = { roots: [old], pool: [middle], target: issueTarget({ ...middle, subject: equal.subject }) };
  yield boringCase("issuer-and-subject-not-byte-for-byte-equal/target", "accepted", end);
}

function* targetOnlyCases(): Generator<CorpusCase> {
  const server = { purposes: extendedKeyUsage([PURPOSE.server]) };
  const selfIssued = { ...server, subject: commonName("Root") };
  const targets = {
    "target-only": issueTarget(anchor(), server),
    "target-selfissued": issueTarget(anchor(), selfIssued),
    "target-selfsigned": issueTarget(null, server),
  };
  for (const [id, target] of Object.entries(targets)) {
    const alone = { roots: [target], pool: [], target };
    if (id !== "target-selfsigned") yield boringCase(`${id}/trusted anchor, not a leaf`, "refused", alone);
    yield boringCase(`${id}/trusted leaf`, "accepted", alone);
    yield { ...boringCase(`${id}/trusted leaf, too late`, "refused", alone), at: Date.UTC(2030, 1, 1) };
    yield { ...boringCase(`${id}/trusted leaf, for a client`, "refused", alone), purpose: "client" };
  }
  const unknownLeaf = issueTarget(anchor(), unknown(true));
  const alone = { roots: [unknownLeaf], pool: [], target: unknownLeaf };
  yield boringCase("target-unknown-critical-extension/trusted leaf", "refused", alone);
}

const FIRST = "1.2.3.4";
const SECOND = "1.2.3.5";
const THIRD = "1.2.3.6";
const ANY = "2.5.29.32.0";

const policies = (...types: readonly string[]): Buffer =>
  extension("2.5.29.32", sequence(...types.map((type) => sequence(oid(type)))), true);
const maps = (from: string, to: string): Buffer =>
  extension("2.5.29.33", sequence(sequence(oid(from), oid(to))), true);
const requiresPolicy = (after: number): Buffer => extension("2.5.29.36", sequence(der(0x80, [after])), true);
const inhibitsMapping = (after: number): Buffer => extension("2.5.29.36", sequence(der(0x81, [after])), true);
const inhibitsAny = (after: number): Buffer => extension("2.5.29.54", der(0x02, [after]), true);

const has = (...more: readonly Buffer[]): Form => ({ more });

/**
 * BoringSSL's chains of policies. There, what the root demands counts only for an anchor "with constraints", so each
 * such chain is here twice.
 */
function* policyCases(): Generator<CorpusCase> {
  yield simple("policies-ok", "accepted", {
    middle: has(requiresPolicy(0), policies(FIRST)),
    target: has(policies(FIRST)),
  });
  const byRoot: Record<string, Forms> = {
    "policies-on-root-wrong": {
      root: has(policies(SECOND)),
      middle: has(requiresPolicy(0), policies(FIRST)),
      target: has(policies(FIRST)),
    },
    "policies-required-by-root-fail": { root: has(requiresPolicy(2)) },
    "policies-inhibit-mapping-by-root-fail": {
      root: has(inhibitsMapping(0)),
      middle: has(requiresPolicy(0), policies(FIRST), maps(FIRST, SECOND)),
      target: has(policies(SECOND)),
    },
    "policy-mappings-on-root-fail": {
      root: has(policies(FIRST), maps(FIRST, THIRD)),
      middle: has(requiresPolicy(0), policies(FIRST)),
      target: has(policies(FIRST)),
    },
    "policies-inhibit-anypolicy-by-root-fail": {
      root: has(inhibitsAny(0)),
      middle: has(requiresPolicy(0), policies(ANY)),
      target: has(policies(SECOND)),
    },
  };
  for (const [id, forms] of Object.entries(byRoot)) {
    yield simple(id, "accepted", forms);
    yield simple(`${id}/with constraints`, "refused", forms);
  }
  yield simple("policies-on-root-ok", "accepted", {
    root: has(policies(FIRST), requiresPolicy(0), inhibitsAny(0)),
    middle: has(requiresPolicy(0), policies(FIRST)),
    target: has(policies(FIRST)),
  });
  yield simple("policies-required-by-root-ok", "accepted", { root: has(requiresPolicy(3)) });
  yield simple("policies-inhibit-mapping-by-root-ok", "accepted", {
    root: has(inhibitsMapping(1)),
    middle: has(requiresPolicy(0), policies(FIRST), maps(FIRST, SECOND)),
    target: has(policies(SECOND)),
  });
  yield simple("policy-mappings-on-root-ok", "accepted", {
    root: has(policies(FIRST), maps(FIRST, SECOND)),
    middle: has(requiresPolicy(0), policies(SECOND)),
    target: has(policies(SECOND)),
  });
  yield simple("policies-inhibit-anypolicy-by-root-ok", "accepted", {
    root: has(inhibitsAny(1)),
    middle: has(requiresPolicy(0), policies(ANY)),
    target: has(policies(SECOND)),
  });
  yield* qualifierCases();
}

/** A policy with an unknown qualifier. */
function* qualifierCases(): Generator<CorpusCase> {
  for (const isCritical of [true, false]) {
    const qualifier = sequence(oid("1.2.3.4"), der(0x0c, Buffer.from("hi")));
    const content = sequence(sequence(oid("1.2.3"), sequence(qualifier)));
    const middle = has(extension("2.5.29.32", content, isCritical));
    const id = `unknown-${isCritical ? "" : "non-"}critical-policy-qualifier`;
    yield simple(id, isCritical ? "refused" : "accepted", { middle });
  }
}
