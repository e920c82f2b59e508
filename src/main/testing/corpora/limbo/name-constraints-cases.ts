import type { CorpusCase } from "#testing/corpora/chain-corpus.ts";
import {
  addressName,
  alternativeNames,
  directoryName,
  dnsName,
  emailName,
  excludes,
  extendedKeyUsage,
  makeKey,
  nameConstraints,
  otherName,
  PURPOSE,
  permits,
} from "#testing/corpora/issue-certificate.ts";
import { commonName } from "#testing/tls/build-certificate.ts";
import {
  EXAMPLE,
  type Form,
  type Forms,
  issueAuthority,
  issueLeaf,
  issueRoot,
  type LimboVerdict,
  limboCase,
  type Question,
  simpleCase,
} from "./issue-chain.ts";

/** x509-limbo's cases of name constraints: rfc5280::nc::. */
export function* nameConstraintsCases(): Generator<CorpusCase> {
  yield* dnsCases();
  yield* addressCases();
  yield* directoryCases();
  yield* emailCases();
  yield* malformedCases();
  yield* selfIssuedCases();
  yield* nestedCases();
  yield* alternateCases();
}

const IPV4_NETWORK = addressName([192, 0, 2, 0, 255, 255, 255, 0]);
const LOOPBACK_6 = [...new Array<number>(15).fill(0), 1];
const IPV6_NETWORK = addressName([...LOOPBACK_6, ...new Array<number>(16).fill(255)]);

const names = (...list: readonly Buffer[]): Form => ({ names: alternativeNames(list) });
const under = (constraints: Buffer, form: Form = {}): Form => ({ ...form, more: [constraints] });

const nc = (id: string, verdict: LimboVerdict, forms: Forms, question?: Question): CorpusCase =>
  simpleCase(`rfc5280::nc::${id}`, verdict, forms, question);

function* dnsCases(): Generator<CorpusCase> {
  const permitted = permits(dnsName(EXAMPLE));
  yield nc("permitted-dns-match", "valid", { root: under(permitted) });
  const mismatch = { root: under(permitted), leaf: names(dnsName("not-example.com")) };
  yield nc("permitted-dns-mismatch", "invalid", mismatch, { name: "not-example.com" });
  const more = { root: under(permitted), leaf: names(dnsName("foo.bar.example.com")) };
  yield nc("permitted-dns-match-more", "valid", more, { name: "foo.bar.example.com" });
  const uncritical = nameConstraints({ permitted: [dnsName(EXAMPLE)], excluded: null }, false);
  yield nc("permitted-dns-match-noncritical", "invalid", { root: under(uncritical) });
  yield nc("excluded-dns-match", "invalid", { middle: under(excludes(dnsName(EXAMPLE))) });
  const second = names(dnsName(EXAMPLE), dnsName("not-allowed.example.com"));
  const excluded = under(excludes(dnsName("not-allowed.example.com")));
  yield nc("excluded-dns-match-second", "invalid", { root: excluded, leaf: second });
  const both = nameConstraints({ permitted: [dnsName(EXAMPLE)], excluded: [dnsName(EXAMPLE)] });
  yield nc("excluded-match-permitted-and-excluded", "invalid", { root: under(both) });
  const wildcard = {
    middle: under(
      nameConstraints({ permitted: [dnsName(EXAMPLE)], excluded: [dnsName("bar.example.com")] }),
      { names: null },
    ),
    leaf: names(dnsName("*.example.com")),
  };
  yield nc("nc-forbids-dnsname-wildcard-san", "invalid", wildcard, { name: "bar.example.com" });
  for (const constraints of ["not-allowed-in-ee-critical", "not-allowed-in-ee-noncritical"]) {
    const isCritical = constraints === "not-allowed-in-ee-critical";
    const own = nameConstraints({ permitted: [dnsName(EXAMPLE)], excluded: null }, isCritical);
    yield nc(constraints, "invalid", { leaf: under(own) });
  }
}

function* addressCases(): Generator<CorpusCase> {
  yield nc("permitted-different-constraint-type", "valid", { root: under(permits(IPV4_NETWORK)) });
  yield nc("excluded-different-constraint-type", "valid", { root: under(excludes(IPV4_NETWORK)) });
  const inside = names(addressName([192, 0, 2, 1]));
  const outside = names(addressName([192, 0, 3, 1]));
  const loopback = names(addressName(LOOPBACK_6));
  const asked = { name: "192.0.2.1" };
  yield nc("permitted-ipv4-match", "valid", { root: under(permits(IPV4_NETWORK)), leaf: inside }, asked);
  yield nc("excluded-ipv4-match", "invalid", { root: under(excludes(IPV4_NETWORK)), leaf: inside }, asked);
  const mismatch = { root: under(permits(IPV4_NETWORK)), leaf: outside };
  yield nc("permitted-ip-mismatch", "invalid", mismatch, { name: "192.0.3.1" });
  const askedSix = { name: "::1" };
  yield nc("permitted-ipv6-match", "valid", { root: under(permits(IPV6_NETWORK)), leaf: loopback }, askedSix);
  yield nc(
    "excluded-ipv6-match",
    "invalid",
    { root: under(excludes(IPV6_NETWORK)), leaf: loopback },
    askedSix,
  );
}

const FOO = commonName("foo");
const NOT_FOO = commonName("not-foo");

function* directoryCases(): Generator<CorpusCase> {
  const leaf = (subject: Buffer, listed: Buffer): Form => ({ ...names(directoryName(listed)), subject });
  const permitted = { ...under(permits(directoryName(FOO))), names: null };
  const excluded = under(excludes(directoryName(FOO)));
  // The corpus's verdict applies only if no name is requested: there is none except in the subject.
  const asked = { name: null };
  yield nc("permitted-dn-match", "valid", { root: permitted, leaf: leaf(FOO, FOO) }, asked);
  const mismatch = { root: permitted, leaf: leaf(NOT_FOO, FOO) };
  yield nc("permitted-dn-match-subject-san-mismatch", "invalid", mismatch, asked);
  yield nc("permitted-dn-mismatch", "invalid", { root: permitted, leaf: leaf(NOT_FOO, NOT_FOO) }, asked);
  yield nc("excluded-dn-match", "invalid", { root: excluded, leaf: leaf(FOO, FOO) }, asked);
  yield nc("excluded-dn-match-sub-mismatch", "invalid", { root: excluded, leaf: leaf(FOO, NOT_FOO) }, asked);
  const other = otherName("1.3.6.1.4.1.55738.666.3", "limbo");
  const constraints = nameConstraints({ permitted: [dnsName(EXAMPLE)], excluded: [other] });
  const middle = under(constraints, { names: null });
  yield nc("nc-forbids-othername", "invalid", { middle, leaf: names(dnsName(EXAMPLE), other) });
  yield nc("nc-forbids-othername-noop", "valid", { middle });
}

const CLIENT: Question = { purpose: "client", name: null };
const clientLeaf = (...list: readonly Buffer[]): Form => ({
  ...names(...list),
  purposes: extendedKeyUsage([PURPOSE.client]),
});

function* emailCases(): Generator<CorpusCase> {
  for (const [id, verdict, base, address] of [
    ["domain", "valid", "example.com", "foo@example.com"],
    ["exact", "valid", "foo@example.com", "foo@example.com"],
    ["literal-asterisk-exact-match", "valid", "*@example.com", "*@example.com"],
    ["literal-asterisk-rejects-subdomain", "invalid", "*@example.com", "*@subdomain.example.com"],
    ["literal-asterisk-rejects-user", "invalid", "*@example.com", "user@example.com"],
    ["literal-double-asterisk", "valid", "**@example.com", "**@example.com"],
    ["literal-double-asterisk-rejects-single", "invalid", "**@example.com", "*@example.com"],
    ["literal-mid-asterisk", "valid", "user*@example.com", "user*@example.com"],
  ] as const) {
    const forms = {
      middle: under(permits(emailName(base)), { names: null }),
      leaf: clientLeaf(emailName(address)),
    };
    yield nc(`nc-permits-email-${id}`, verdict, forms, CLIENT);
  }
  const leaf = clientLeaf(
    ...["good@example.com", "alsogood@example.com", "invalid@address@example.com"].map(emailName),
  );
  const middle = under(permits(emailName(EXAMPLE)));
  yield nc("nc-permits-invalid-email-san", "invalid", { middle, leaf }, CLIENT);
}

function* malformedCases(): Generator<CorpusCase> {
  const root = (base: Buffer) => under(permits(base));
  const foo = { name: "foo.example.com" };
  const fooLeaf = names(dnsName("foo.example.com"));
  const period = { root: root(dnsName(".example.com")), leaf: fooLeaf };
  yield nc("invalid-dnsname-leading-period", "invalid", period, foo);
  yield nc(
    "invalid-dnsname-wildcard",
    "invalid",
    { root: root(dnsName("*.example.com")), leaf: fooLeaf },
    foo,
  );
  const mail = {
    root: root(emailName("invalid@invalid@example.com")),
    leaf: clientLeaf(emailName("example@example.com")),
  };
  yield nc("invalid-email-address", "invalid", mail, CLIENT);
  // An address without its mask.
  const four = { root: root(addressName([127, 0, 0, 1])), leaf: names(addressName([127, 0, 0, 1])) };
  yield nc("invalid-ipv4-address", "invalid", four, { name: "127.0.0.1" });
  const six = { root: root(addressName(LOOPBACK_6)), leaf: names(addressName(LOOPBACK_6)) };
  yield nc("invalid-ipv6-address", "invalid", six, { name: "::1" });
  const dns = {
    middle: under(permits(dnsName(EXAMPLE))),
    leaf: names(dnsName(".example.com"), dnsName("foo.example.com")),
  };
  yield nc("nc-permits-invalid-dns-san", "invalid", dns, foo);
  // A network instead of an address.
  const network = {
    middle: under(permits(IPV4_NETWORK)),
    leaf: names(IPV4_NETWORK, addressName([192, 0, 2, 1])),
  };
  yield nc("nc-permits-invalid-ip-san", "invalid", network, { name: "192.0.2.1" });
}

function* selfIssuedCases(): Generator<CorpusCase> {
  const other = commonName("not-example.com");
  const otherNames = names(dnsName("not-example.com"));
  const permitted = under(permits(dnsName(EXAMPLE)));
  const root = issueRoot(permitted);
  const middle = issueAuthority(root, { ...otherNames, subject: other });
  const leaf = issueLeaf(middle, { ...otherNames, subject: other });
  const question = { name: "not-example.com" };
  yield limboCase(
    "rfc5280::nc::excluded-self-issued-leaf",
    "invalid",
    { roots: [root], pool: [middle], leaf },
    question,
  );
  const own = issueRoot({ ...permitted, ...otherNames, subject: other });
  const renewed = issueAuthority(own, { ...otherNames, subject: other });
  const chain = { roots: [own], pool: [renewed], leaf: issueLeaf(renewed) };
  yield limboCase("rfc5280::nc::permitted-self-issued", "valid", chain);
}

const PERMITTED = "permitted.example.com";
const FORBIDDEN = "forbidden.example.com";
const ONE_OF_TWO = nameConstraints({ permitted: [dnsName(PERMITTED)], excluded: [dnsName(FORBIDDEN)] });

function* nestedCases(): Generator<CorpusCase> {
  const nested = (
    id: string,
    [rootForm, upperForm, lowerForm, leafForm]: readonly [Form, Form, Form, Form],
    name: string,
  ) => {
    const root = issueRoot(rootForm);
    const upper = issueAuthority(root, upperForm);
    const lower = issueAuthority(upper, lowerForm);
    const chain = { roots: [root], pool: [upper, lower], leaf: issueLeaf(lower, leafForm) };
    return limboCase(`rfc5280::nc::${id}`, "invalid", chain, { name });
  };
  const forbidden = names(dnsName(FORBIDDEN));
  const permitted = names(dnsName(PERMITTED));
  const bare = { names: null };
  const byUpper = [{}, under(ONE_OF_TWO, bare), forbidden, permitted] as const;
  yield nested("intermediate-with-san-rejected-by-intermediate-nc", byUpper, PERMITTED);
  const byRoot = [under(ONE_OF_TWO), bare, forbidden, permitted] as const;
  yield nested("intermediate-with-san-rejected-by-root-nc", byRoot, PERMITTED);
  const one = under(permits(dnsName("bar.example.com")), bare);
  const two = under(permits(dnsName("foo.example.com"), dnsName("bar.example.com")), bare);
  const foo = names(dnsName("foo.example.com"));
  const title = "restrictive-permits-in-intermediates";
  yield nested(`${title}-narrows`, [{}, two, one, foo], "foo.example.com");
  yield nested(`${title}-widens`, [{}, one, two, foo], "foo.example.com");
}

/** Two authorities with one name and key, of which only one has constraints, or has constraints that it breaks. */
function* alternateCases(): Generator<CorpusCase> {
  const bare = { names: null };
  const subject = commonName("an intermediate");
  const key = makeKey();
  const twin = { subject, key };
  const root = issueRoot(bare);
  const constrained = issueAuthority(root, under(ONE_OF_TWO, bare));
  const forbidden = issueAuthority(root, { ...names(dnsName(FORBIDDEN)), ...twin });
  const sound = issueAuthority(constrained, { ...bare, ...twin });
  const pool = [constrained, forbidden, sound];
  const leaf = issueLeaf(sound, { ...names(dnsName(PERMITTED)), subject: commonName(PERMITTED) });
  yield limboCase(
    "rfc5280::nc::nc-forbids-alternate-chain-ica",
    "valid",
    { roots: [root], pool, leaf },
    { name: PERMITTED },
  );

  const upper = issueAuthority(root, under(excludes(dnsName(FORBIDDEN)), bare));
  const broken = issueAuthority(upper, { ...names(dnsName(FORBIDDEN)), ...twin });
  const free = issueAuthority(root, { ...names(dnsName("unconstrained-ica.example.com")), ...twin });
  const name = "unconstrained.example.com";
  const end = issueLeaf(free, { ...names(dnsName(name)), subject: commonName(name) });
  const chain = { roots: [root], pool: [upper, broken, free], leaf: end };
  yield limboCase("rfc5280::nc::nc-forbids-same-chain-ica", "valid", chain, { name });
}
