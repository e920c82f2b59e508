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
  nameConstraints,
  PURPOSE,
  subjectKey,
} from "#testing/corpora/issue-certificate.ts";
import { der, extension, name, sequence, text } from "#testing/tls/build-certificate.ts";

/**
 * BetterTLS's suite "nameconstraints": every combination of a requested name, names of a leaf and constraints above it,
 * and names that are encoded as something else than they are.
 */

/** Nothing, the name that the client requests, or another one. */
const CHOICES = ["none", "asked", "other"] as const;
type Choice = (typeof CHOICES)[number];

type Form = "dns" | "ip";
const FORMS: readonly Form[] = ["dns", "ip"];

type NameForm = { permitted: Choice; excluded: Choice; name: Choice };
type ExtraName = { tag: number; value: Buffer };
type NameCase = {
  asked: Form;
  commonName: { form: Form; value: Choice };
  dns: NameForm;
  ip: NameForm;
  extra: ExtraName | null;
};

const ASKED = { dns: "test.localhost", ip: "127.0.0.1" } as const;
const OTHER = { dns: "bad.example.com", ip: "1.1.1.1" } as const;
const ADDRESSES = { asked: Buffer.from([127, 0, 0, 1]), other: Buffer.from([1, 1, 1, 1]) } as const;

const NO_NAMES: NameForm = { permitted: "none", excluded: "none", name: "none" };

/** BetterTLS's verdict: hard if no client may differ, soft if some do. */
type Verdict = { isAccepted: boolean; isSoft: boolean };

/** The suite's 9,491 cases in its order, so that the numbers are its own. */
export function* nameConstraintsCases(): Generator<CorpusCase> {
  const issuer = createIssuer();
  let number = 0;
  for (const each of listCases()) {
    const { isAccepted, isSoft } = evaluateNames(each);
    yield {
      id: `nameconstraints ${number++}${isSoft ? " (soft)" : ""}: ${formatId(each)}`,
      leaf: issuer.issueLeaf(each),
      pool: [issuer.issueAuthority(each), issuer.upper.der],
      roots: [issuer.root.der],
      at: CORPUS_TIME,
      purpose: "server",
      name: ASKED[each.asked],
      isAccepted,
    };
  }
}

function* listCases(): Generator<NameCase> {
  yield* firstCases();
  yield* combinations();
  yield* strangeForms();
  yield* joinedNames();
}

const dnsCase = (
  dns: Partial<NameForm>,
  extra: ExtraName | null = null,
  commonName: Choice = "none",
): NameCase => ({
  asked: "dns",
  commonName: { form: "dns", value: commonName },
  dns: { permitted: dns.permitted ?? "none", excluded: dns.excluded ?? "none", name: dns.name ?? "none" },
  ip: NO_NAMES,
  extra,
});

const ipCase = (ip: Partial<NameForm>, extra: ExtraName | null = null, form: Form = "dns"): NameCase => ({
  asked: "ip",
  commonName: { form, value: "none" },
  dns: NO_NAMES,
  ip: { permitted: ip.permitted ?? "none", excluded: ip.excluded ?? "none", name: ip.name ?? "none" },
  extra,
});

/** Cases by which the suite learns what a client does at all; and a URI that begins with another name. */
function* firstCases(): Generator<NameCase> {
  yield dnsCase({ name: "asked" }, null, "asked");
  yield dnsCase({ name: "asked", permitted: "asked" }, null, "asked");
  yield dnsCase({ name: "asked" });
  yield dnsCase({ name: "other" });
  yield ipCase({ name: "asked" }, null, "ip");
  yield ipCase({ name: "other" }, null, "ip");
  const value = Buffer.from(`http://foo.bar, DNS:${ASKED.dns}`);
  yield dnsCase({ name: "other", excluded: "asked" }, { tag: 6, value });
}

function* combinations(): Generator<NameCase> {
  const nested: (readonly string[])[] = [FORMS, FORMS, ...Array.from({ length: 7 }, () => CHOICES)];
  for (const row of product(nested)) {
    const [asked, form, value, dnsName, ipName, dnsPermitted, ipPermitted, dnsExcluded, ipExcluded] =
      row as unknown as [Form, Form, Choice, Choice, Choice, Choice, Choice, Choice, Choice];
    yield {
      asked,
      commonName: { form, value },
      dns: { permitted: dnsPermitted, excluded: dnsExcluded, name: dnsName },
      ip: { permitted: ipPermitted, excluded: ipExcluded, name: ipName },
      extra: null,
    };
  }
}

/** Every row that takes one value of each list, the last one changing first. */
function* product(lists: readonly (readonly string[])[]): Generator<string[]> {
  const [first, ...others] = lists;
  if (!first) yield [];
  else for (const value of first) for (const row of product(others)) yield [value, ...row];
}

const TAGS = Array.from({ length: 16 }, (_, tag) => tag);

/** The requested name, under every tag that a GeneralName may or may not have, in a leaf without that name. */
function* strangeForms(): Generator<NameCase> {
  for (const tag of TAGS) {
    for (const scheme of ["", "http://", "https://", "spiffe://", "unspec://"])
      yield* forbidden("dns", { tag, value: Buffer.from(`${scheme}${ASKED.dns}`) });
    for (const value of [ADDRESSES.asked, Buffer.from(ASKED.ip)]) yield* forbidden("ip", { tag, value });
  }
}

/** Two names in one, for clients that join names to a text and split them again. */
function* joinedNames(): Generator<NameCase> {
  for (const separator of [", ", ",", ";", ":"])
    for (const prefix of ["", "DNS:"])
      for (const first of [OTHER.dns, `http://${OTHER.dns}`])
        for (const tag of TAGS)
          yield* forbidden("dns", { tag, value: Buffer.from(first + separator + prefix + ASKED.dns) });
}

function* forbidden(form: Form, extra: ExtraName): Generator<NameCase> {
  const makeCase = form === "dns" ? dnsCase : ipCase;
  yield makeCase({ name: "other", permitted: "other" }, extra);
  yield makeCase({ name: "other", excluded: "asked" }, extra);
}

/** By the comments of the suite: a common name is no name to request, and no constraint applies to it. */
function evaluateNames({ asked, commonName, dns, ip }: NameCase): Verdict {
  const hard = { isAccepted: false, isSoft: false };
  const own = asked === "dns" ? dns : ip;
  const isByCommonName = own.name !== "asked";
  if (isByCommonName && !(commonName.form === asked && commonName.value === "asked")) return hard;
  if (own.permitted === "other" || own.excluded === "asked") return hard;
  if (isByCommonName || isForbidden(dns.name, dns) || isForbidden(ip.name, ip))
    return { isAccepted: false, isSoft: true };
  const isSoft = isForbidden(commonName.value, commonName.form === "dns" ? dns : ip);
  return { isAccepted: true, isSoft };
}

function isForbidden(value: Choice, { permitted, excluded }: NameForm): boolean {
  if (value === "none") return false;
  return excluded === value || (permitted !== "none" && permitted !== value);
}

const ORGANIZATION = "bettertls.com";

const subjectOf = (commonName: string): Buffer =>
  name([["2.5.4.10", 0x13, ORGANIZATION]], ...(commonName ? [[["2.5.4.3", 0x0c, commonName]] as const] : []));

/** Root, authority and constrained authority; each certificate of the same content is made once. */
function createIssuer() {
  const issueAuthorityUnder = (
    issuer: IssuedCertificate | null,
    title: string,
    more: readonly Buffer[] = [],
  ) => {
    const key = makeKey();
    return issueCertificate({
      subject: subjectOf(title),
      issuer,
      key,
      extensions: [
        keyUsage(["keyCertSign"]),
        basicConstraints({ isAuthority: true }),
        subjectKey(key),
        ...(issuer ? [authorityKey(issuer.key)] : []),
        ...more,
      ],
    });
  };
  const root = issueAuthorityUnder(null, "bettertls_trust_root");
  const upper = issueAuthorityUnder(root, "local_root");
  const lower = { subject: subjectOf("local_ica"), key: makeKey() };
  const leafKey = makeKey();
  const made = new Map<string, Buffer>();
  const once = (id: string, make: () => IssuedCertificate): Buffer => {
    const found = made.get(id) ?? make().der;
    made.set(id, found);
    return found;
  };

  return {
    root,
    upper,

    issueAuthority({ dns, ip }: NameCase): Buffer {
      const id = ["authority", dns.permitted, dns.excluded, ip.permitted, ip.excluded].join();
      return once(id, () =>
        issueCertificate({
          ...lower,
          issuer: upper,
          extensions: [
            keyUsage(["keyCertSign"]),
            basicConstraints({ isAuthority: true }),
            subjectKey(lower.key),
            authorityKey(upper.key),
            ...constraintsOf(dns, ip),
          ],
        }),
      );
    },

    issueLeaf({ commonName: { form, value }, dns, ip, extra }: NameCase): Buffer {
      const id = ["leaf", form, value, dns.name, ip.name, extra?.tag, extra?.value.toString("hex")].join();
      const commonName = value === "none" ? "" : value === "asked" ? ASKED[form] : OTHER[form];
      return once(id, () =>
        issueCertificate({
          subject: subjectOf(commonName),
          issuer: lower,
          key: leafKey,
          extensions: [
            keyUsage(["digitalSignature"]),
            extendedKeyUsage([PURPOSE.server]),
            basicConstraints({ isAuthority: false }),
            authorityKey(lower.key),
            ...namesOf(dns.name, ip.name, extra),
          ],
        }),
      );
    },
  };
}

function constraintsOf(dns: NameForm, ip: NameForm): Buffer[] {
  const trees = { asked: "localhost", other: "example.com" };
  const network = (choice: "asked" | "other") =>
    text(0x87, Buffer.concat([ADDRESSES[choice].subarray(0, 3), Buffer.from([0, 255, 255, 255, 0])]));
  const permitted = [
    ...(dns.permitted === "none" ? [] : [text(0x82, trees[dns.permitted])]),
    ...(ip.permitted === "none" ? [] : [network(ip.permitted)]),
  ];
  const excluded = [
    ...(dns.excluded === "none" ? [] : [text(0x82, dns.excluded === "asked" ? trees.asked : OTHER.dns)]),
    ...(ip.excluded === "none" ? [] : [network(ip.excluded)]),
  ];
  const orNone = (bases: readonly Buffer[]) => (bases.length > 0 ? bases : null);
  return permitted.length + excluded.length > 0
    ? [nameConstraints({ permitted: orNone(permitted), excluded: orNone(excluded) })]
    : [];
}

function namesOf(dns: Choice, ip: Choice, extra: ExtraName | null): Buffer[] {
  const names = [
    ...(dns === "none" ? [] : [text(0x82, dns === "asked" ? ASKED.dns : OTHER.dns)]),
    ...(ip === "none" ? [] : [text(0x87, ADDRESSES[ip])]),
    // Primitive, whatever the tag: the suite does so.
    ...(extra ? [der(0x80 | extra.tag, extra.value)] : []),
  ];
  return names.length > 0 ? [extension("2.5.29.17", sequence(...names))] : [];
}

/** What the case consists of: enough to understand a difference. */
function formatId({ asked, commonName, dns, ip, extra }: NameCase): string {
  const form = (title: string, { permitted, excluded, name: value }: NameForm) =>
    `${title} ${value} permit=${permitted} exclude=${excluded}`;
  const last = extra ? ` [${extra.tag}] ${extra.value.toString("latin1")}` : "";
  return `${asked} asked, ${form("dns", dns)}, ${form("ip", ip)}, cn ${commonName.form} ${commonName.value}${last}`;
}
