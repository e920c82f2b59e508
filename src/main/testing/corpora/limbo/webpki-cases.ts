import { generateKeyPairSync } from "node:crypto";
import type { CorpusCase } from "#testing/corpora/chain-corpus.ts";
import {
  addressName,
  alternativeNames,
  basicConstraints,
  dnsName,
  extendedKeyUsage,
  keyOf,
  makeKey,
  nameConstraints,
  PURPOSE,
  permits,
  type SigningKey,
} from "#testing/corpora/issue-certificate.ts";
import { commonName, der, extension, sequence } from "#testing/tls/build-certificate.ts";
import {
  authority,
  EXAMPLE,
  type Form,
  issueAuthority,
  issueRoot,
  type LimboVerdict,
  limboCase,
  ROOT_NAME,
  simpleCase,
} from "./issue-chain.ts";

/** x509-limbo's cases of the Baseline Requirements: webpki::. Left out are two chains of a real server. */
export function* webpkiCases(): Generator<CorpusCase> {
  yield* rootKeyIdentifierCases();
  yield* commonNameCases();
  yield* leafCases();
  yield* keyCases();
  yield* alternativeNameCases();
  yield* constraintsCases();
}

/** Authority key identifiers of a self-signed root, by their fields. */
function* rootKeyIdentifierCases(): Generator<CorpusCase> {
  const key = makeKey();
  const serial = Buffer.concat([Buffer.from([1]), Buffer.alloc(15, 9)]);
  const fields = {
    id: der(0x80, key.identifier),
    issuer: der(0xa1, der(0xa4, ROOT_NAME)),
    serial: der(0x82, serial),
  };
  const cases: Record<string, readonly Buffer[]> = {
    "all-fields": [fields.id, fields.issuer, fields.serial],
    authoritycertissuer: [fields.id, fields.issuer],
    authoritycertserialnumber: [fields.id, fields.serial],
    "missing-keyidentifier": [],
    "ski-mismatch": [der(0x80, makeKey().identifier)],
  };
  for (const [id, parts] of Object.entries(cases)) {
    const root = { key, serial, authorityKey: extension("2.5.29.35", sequence(...parts)) };
    yield simpleCase(`webpki::aki::root-with-aki-${id}`, "invalid", { root });
  }
}

const listed = (...names: readonly Buffer[]): Form => ({ names: alternativeNames(names) });

function* commonNameCases(): Generator<CorpusCase> {
  const address = (bytes: readonly number[]) => listed(addressName(bytes));
  const six = (hex: string) => address([...Buffer.from(hex, "hex")]);
  const cases: [id: string, title: string, form: Form, name: string][] = [
    ["case-mismatch", "Example.COM", {}, EXAMPLE],
    ["ipv4-hex-mismatch", "0xC0A80101", address([192, 168, 1, 1]), "192.168.1.1"],
    ["ipv4-leading-zeros-mismatch", "192.168.001.001", address([192, 168, 1, 1]), "192.168.1.1"],
    [
      "ipv6-non-rfc5952-mismatch",
      "2001:db8:0:0:1:0:0:1",
      six("20010db8000000000001000000000001"),
      "2001:db8::1:0:0:1",
    ],
    [
      "ipv6-uncompressed-mismatch",
      "2001:0db8:0000:0000:0000:0000:0000:0001",
      six("20010db8000000000000000000000001"),
      "2001:db8::1",
    ],
    [
      "ipv6-uppercase-mismatch",
      "2001:DB8::8A2E:370:7334",
      six("20010db80000000000008a2e03707334"),
      "2001:db8::8a2e:370:7334",
    ],
    [
      "not-in-san",
      "notinsan.example.com",
      listed(dnsName("valid.example.com"), dnsName("another.example.com")),
      "valid.example.com",
    ],
    ["punycode-not-in-san", "xn--nxasmq6b.com", listed(dnsName("xn--n3h.com")), "xn--n3h.com"],
    [
      "utf8-vs-punycode-mismatch",
      "test-\u6e2c\u8a66.com",
      listed(dnsName("xn--test--wg5h0h.com")),
      "xn--test--wg5h0h.com",
    ],
  ];
  for (const [id, title, form, name] of cases)
    yield simpleCase(
      `webpki::cn::${id}`,
      "invalid",
      { leaf: { ...form, subject: commonName(title) } },
      { name },
    );
}

function* leafCases(): Generator<CorpusCase> {
  const root = issueRoot();
  const leaf = issueAuthority(root, listed(dnsName("ca.example.com")));
  yield limboCase("webpki::ca-as-leaf", "invalid", { roots: [root], leaf }, { name: "ca.example.com" });
  const asAuthority = { constraints: basicConstraints(authority()) };
  yield simpleCase("webpki::ee-basicconstraints-ca", "invalid", { leaf: asAuthority });
  const any = { purposes: extendedKeyUsage([PURPOSE.server, PURPOSE.any]) };
  yield simpleCase("webpki::eku::ee-anyeku", "invalid", { leaf: any });
  const critical = { purposes: extendedKeyUsage([PURPOSE.server], true) };
  yield simpleCase("webpki::eku::ee-critical-eku", "invalid", { leaf: critical });
  yield simpleCase("webpki::eku::ee-without-eku", "invalid", { leaf: { purposes: null } });
  const server = { purposes: extendedKeyUsage([PURPOSE.server]) };
  yield simpleCase("webpki::eku::root-has-eku", "invalid", { root: server });
  const access = extension("1.3.6.1.5.5.7.1.1", Buffer.from("no access description"));
  yield simpleCase("webpki::malformed-aia", "invalid", { leaf: { more: [access] } });
  yield simpleCase("webpki::v1-cert", "invalid", { leaf: { version: 1 } });
}

const rsaKey = (modulusLength: number): SigningKey => keyOf(generateKeyPairSync("rsa", { modulusLength }));

function* keyCases(): Generator<CorpusCase> {
  const odd = rsaKey(2_052);
  const weak = rsaKey(1_024);
  const dsa = keyOf(generateKeyPairSync("dsa", { modulusLength: 1_024, divisorLength: 160 }));
  const short = keyOf(generateKeyPairSync("ec", { namedCurve: "prime192v1" }));
  const explicit = keyOf(generateKeyPairSync("ec", { namedCurve: "P-256", paramEncoding: "explicit" }));
  const cases: [id: string, forms: { root?: Form; leaf?: Form }][] = [
    ["explicit-curve", { root: { key: explicit }, leaf: { key: explicit } }],
    ["forbidden-dsa-leaf", { leaf: { key: dsa } }],
    ["forbidden-dsa-root", { root: { key: dsa } }],
    ["forbidden-p192-leaf", { leaf: { key: short } }],
    ["forbidden-p192-root", { root: { key: short } }],
    ["forbidden-rsa-key-not-divisible-by-8-in-leaf", { leaf: { key: odd } }],
    ["forbidden-rsa-not-divisible-by-8-in-root", { root: { key: odd } }],
    ["forbidden-weak-rsa-in-leaf", { leaf: { key: weak } }],
    ["forbidden-weak-rsa-key-in-root", { root: { key: weak } }],
  ];
  for (const [id, forms] of cases) yield simpleCase(`webpki::${id}`, "invalid", forms);
}

function* alternativeNameCases(): Generator<CorpusCase> {
  const cases: [id: string, verdict: LimboVerdict, written: string, name: string][] = [
    ["exact-dns-san", "valid", EXAMPLE, EXAMPLE],
    ["leftmost-wildcard-san", "valid", "*.example.com", "foo.example.com"],
    ["mismatch-apex-subdomain-san", "invalid", "abc.example.com", EXAMPLE],
    ["mismatch-domain-san", "invalid", EXAMPLE, "example2.com"],
    ["mismatch-subdomain-apex-san", "invalid", EXAMPLE, "abc.example.com"],
    ["mismatch-subdomain-san", "invalid", "abc.example.com", "def.example.com"],
    ["public-suffix-multi-label-wildcard-san", "invalid", "*.co.uk", "example.co.uk"],
    [
      "public-suffix-private-namespace-wildcard-san",
      "invalid",
      "*.s3.amazonaws.com",
      "example.s3.amazonaws.com",
    ],
    ["public-suffix-wildcard-san", "invalid", "*.com", EXAMPLE],
    ["san-wildcard-only", "invalid", "*", EXAMPLE],
    ["san-wildcard-only-tld", "invalid", "*", "com"],
    ["unicode-emoji-san", "invalid", "\u{1f61c}.example.com", "xn--628h.example.com"],
    ["wildcard-embedded-leftmost-san", "invalid", "ba*.example.com", "baz.example.com"],
    [
      "wildcard-embedded-ulabel-san",
      "invalid",
      "xn--*-1b3c148a.example.com",
      "xn--bliss-1b3c148a.example.com",
    ],
    ["wildcard-match-across-labels-san", "invalid", "*.example.com", "foo.bar.example.com"],
    ["wildcard-not-in-leftmost-san", "invalid", "foo.*.example.com", "foo.bar.example.com"],
  ];
  for (const [id, verdict, written, name] of cases)
    yield simpleCase(`webpki::san::${id}`, verdict, { leaf: listed(dnsName(written)) }, { name });
  const loopback = listed(addressName([127, 0, 0, 1]));
  yield simpleCase("webpki::san::exact-localhost-ip-san", "valid", { leaf: loopback }, { name: "127.0.0.1" });
  yield simpleCase("webpki::san::no-san", "invalid", { leaf: { names: null } });
  const critical = {
    subject: commonName("something-else"),
    names: alternativeNames([dnsName(EXAMPLE)], true),
  };
  yield simpleCase("webpki::san::san-critical-with-nonempty-subject", "invalid", { leaf: critical });
}

function* constraintsCases(): Generator<CorpusCase> {
  const title = "webpki::nc::intermediate-permitted-excluded-subtrees-both";
  const empty = [nameConstraints({ permitted: [], excluded: [] })];
  yield simpleCase(`${title}-empty-sequences`, "invalid", { middle: { more: empty } });
  const none = [nameConstraints({ permitted: null, excluded: null })];
  yield simpleCase(`${title}-null`, "invalid", { middle: { more: none } });
  const permitted = { names: null, more: [permits(dnsName(EXAMPLE))] };
  const wildcard = { middle: permitted, leaf: listed(dnsName("*.example.com")) };
  yield simpleCase("webpki::nc::nc-permits-dns-san-pattern", "valid", wildcard, { name: "foo.example.com" });
  const uncritical = [nameConstraints({ permitted: [dnsName(EXAMPLE)], excluded: null }, false)];
  yield simpleCase("webpki::nc::permitted-dns-match-noncritical", "valid", { root: { more: uncritical } });
}
