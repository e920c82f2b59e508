import { type Chance, createChance } from "#testing/servers-oracle/generated.ts";
import { der, extension, oid, sequence, text } from "#testing/tls/build-certificate.ts";
import type { Changes } from "#testing/tls/conforming-chain.ts";

const SECTION = "RFC 5280, 4.2.1.10";

/** Bases that exclude no name of the sound chain. */
const SOUND_BASES: Readonly<Record<string, Buffer>> = {
  "a host": text(0x82, "other.example"),
  "a host with an underscore": text(0x82, "a_b.example"),
  "a mail address": text(0x81, "user@other.example"),
  "a host of mail": text(0x81, "other.example"),
  "what is below a host of mail": text(0x81, ".other.example"),
  "a host of URIs": text(0x86, "other.example"),
  "what is below a host of URIs": text(0x86, ".other.example"),
  "a network": text(0x87, [10, 0, 0, 0, 255, 255, 255, 0]),
  "a network of IPv6": text(0x87, [0x20, 1, 0x0d, 0xb8, ...zeros(12), 255, 255, 255, 255, ...zeros(12)]),
  "an identifier": der(0x88, [0x2a, 0x03]),
  "another name": der(0xa0, oid("1.3.6.1.4.1.311.20.2.3"), der(0xa0, text(0x0c, "x"))),
};
const BROKEN_BASES: Readonly<Record<string, Buffer>> = {
  "a host with a dot in front": text(0x82, ".other.example"),
  "a host with an empty label": text(0x82, "other..example"),
  "a wildcard": text(0x82, "*.other.example"),
  "a host with a dot at the end": text(0x82, "other.example."),
  "a host with a hyphen in front": text(0x82, "-other.example"),
  "a host with a space": text(0x82, "oth er.example"),
  "a host beyond ASCII": text(0x82, "b\u00e4r.example"),
  "a label of 64 characters": text(0x82, `${"a".repeat(64)}.example`),
  "a mail address with two at signs": text(0x81, "a@b@other.example"),
  "a mail address without a user": text(0x81, "@other.example"),
  "a host of mail with two dots in front": text(0x81, "..other.example"),
  "a URI": text(0x86, "https://other.example"),
  "a host of URIs with a port": text(0x86, "other.example:443"),
  "nothing of URIs": text(0x86, ""),
  "a mask with a gap": text(0x87, [10, 0, 0, 0, 255, 0, 255, 0]),
  "a mask that begins with zeros": text(0x87, [10, 0, 0, 0, 0, 255, 255, 255]),
};

function zeros(count: number): number[] {
  return new Array<number>(count).fill(0);
}

const PERMITTED = sequence(text(0x82, "example.com"));
/** For URIs, which the sound chain does not have: otherwise it could not be compared. */
const BOUNDED = [
  sequence(text(0x86, "other.example"), der(0x80, [1])),
  sequence(text(0x86, "other.example"), der(0x81, [3])),
  sequence(text(0x86, "other.example"), der(0x80, [0]), der(0x81, [0])),
];

const NAME_CONSTRAINTS: Family = {
  name: "name constraints",
  make: ({ pick, some, happens }) => {
    const where = pick(["middle", "middle", "root", "leaf"] as const);
    const isCritical = happens(70);
    const sound = some(Object.keys(SOUND_BASES), 0, 3);
    const broken = happens(40) ? [pick(Object.keys(BROKEN_BASES))] : [];
    const bounded = happens(15) ? [pick(BOUNDED)] : [];
    const bases = [...sound.map((each) => SOUND_BASES[each]), ...broken.map((each) => BROKEN_BASES[each])];
    const excluded = [...bases.map((base) => sequence(base ?? [])), ...bounded];
    const permitted = happens(40) ? [PERMITTED] : [];
    const [hasPermitted, hasExcluded] = [
      permitted.length > 0 || happens(15),
      excluded.length > 0 || happens(15),
    ];
    const lists = [
      ...(hasPermitted ? [der(0xa0, ...permitted)] : []),
      ...(hasExcluded ? [der(0xa1, ...excluded)] : []),
    ];
    const isEmpty =
      lists.length === 0 ||
      (hasPermitted && permitted.length === 0) ||
      (hasExcluded && excluded.length === 0);
    const value = extension("2.5.29.30", sequence(...lists), isCritical);
    return {
      what: `${where}: ${[...sound, ...broken].join(", ")}; ${permitted.length} permitted, ${bounded.length} bounded, ${lists.length} lists${isCritical ? "" : ", not critical"}`,
      changes: { [where]: { extensions: { "2.5.29.30": value } } },
      breaks: namesOf({
        [`${SECTION} extension-empty`]: isEmpty,
        [`${SECTION} extension-misplaced`]: where === "leaf",
        [`${SECTION} constraint-malformed`]: broken.length > 0 || bounded.length > 0,
      }),
      breaksRfc5280: namesOf({ [`${SECTION} extension-not-critical`]: !isCritical }),
    };
  },
};

const CERT_SIGN = 0x0400;
const PATH_LENGTH = der(0x02, [0]);
const IS_CA = der(0x01, [0xff]);

/** Basic constraints and key usages, of authorities and of leaves. */
const BASIC_CONSTRAINTS: Family = {
  name: "basic constraints and key usages",
  make: ({ pick, happens, some }) => {
    const where = pick(["root", "middle", "leaf", "leaf"] as const);
    const isLeaf = where === "leaf";
    const isCa = !isLeaf || happens(30);
    const isThere = isLeaf ? isCa || happens(60) : where === "middle" || happens(70);
    const isCritical = happens(60);
    const hasLength = isThere && happens(30);
    const length = where === "root" ? der(0x02, [1]) : PATH_LENGTH;
    const bits = some([0x8000, 0x4000, 0x2000, 0x1000, 0x0800, 0x0200], 0, 3).reduce(
      (all, bit) => all | bit,
      0,
    );
    const maySign = !isLeaf || happens(30);
    const usage = happens(20) ? null : bits | (maySign ? CERT_SIGN : 0);
    const constraints = extension(
      "2.5.29.19",
      sequence(...(isCa ? [IS_CA] : []), ...(hasLength ? [length] : [])),
      isCritical,
    );
    const usageValue =
      usage === null ? null : extension("2.5.29.15", der(0x03, [0, usage >> 8, usage & 0xff]), true);
    const isAuthority = !isLeaf || (isThere && isCa);
    const signs = usage !== null && (usage & CERT_SIGN) !== 0;
    return {
      what: `${where}: ${isThere ? `constraints${isCa ? ", authority" : ""}${hasLength ? ", length" : ""}${isCritical ? ", critical" : ""}` : "none"}; usage ${usage?.toString(16) ?? "left out"}`,
      changes: {
        [where]: { extensions: { "2.5.29.19": isThere ? constraints : null, "2.5.29.15": usageValue } },
      },
      breaks: namesOf({
        "RFC 5280, 4.2.1.9 extension-missing": !isLeaf && !isThere,
        "RFC 5280, 4.2.1.9 extension-not-critical": isThere && isAuthority && !isCritical,
        "RFC 5280, 4.2.1.9 basic-constraints-inconsistent":
          isLeaf && ((signs && !isAuthority) || (hasLength && (!isCa || (usage !== null && !signs)))),
        "RFC 5280, 4.2.1.3 extension-missing": !isLeaf && usage === null,
        "RFC 5280, 4.2.1.3 extension-empty": usage === 0,
      }),
      breaksWebpki: namesOf({ "BR 7.1.2.7.8 authority-as-leaf": isLeaf && isThere && isCa }),
    };
  },
};

const POLICY = "2.23.140.1.2.1";
const QUALIFIERS = {
  known: ["1.3.6.1.5.5.7.2.1", "1.3.6.1.5.5.7.2.2"],
  unknown: ["1.3.6.1.4.1.55738.1", "1.3.6.1.5.5.7.2.3"],
};

/** Policies and their qualifiers, and what an authority or a root demands about policies. */
const POLICIES: Family = {
  name: "policies",
  make: ({ pick, happens, below, some }) => {
    const isCritical = happens(50);
    const unknown = happens(50) ? some(QUALIFIERS.unknown, 1, 2) : [];
    const qualifiers = [...some(QUALIFIERS.known, 0, 2), ...unknown].map((each) =>
      sequence(oid(each), der(0x05)),
    );
    const policy = sequence(oid(POLICY), ...(qualifiers.length > 0 ? [sequence(...qualifiers)] : []));
    const hasPolicy = happens(70);
    const fields = some([der(0x80, [below(4)]), der(0x81, [below(4)])], 0, 2);
    const isConstrained = happens(60);
    const by = pick(["middle", "root"] as const);
    const areCritical = happens(70);
    const isInhibited = happens(40);
    const isInhibitedCritically = happens(60);
    const under = hasPolicy ? { "2.5.29.32": extension("2.5.29.32", sequence(sequence(oid(POLICY)))) } : {};
    const demands = {
      ...(isConstrained && { "2.5.29.36": extension("2.5.29.36", sequence(...fields), areCritical) }),
      ...(isInhibited && {
        "2.5.29.54": extension("2.5.29.54", der(0x02, [below(4)]), isInhibitedCritically),
      }),
    };
    const changes: Changes = {
      leaf: {
        extensions: hasPolicy ? { "2.5.29.32": extension("2.5.29.32", sequence(policy), isCritical) } : {},
      },
      middle: { extensions: by === "middle" ? { ...under, ...demands } : under },
      root: { extensions: by === "root" ? demands : {} },
    };
    // A policy is required after `demand` certificates: two stand below the root, and one below the intermediate.
    const demand = fields.find(([tag]) => tag === 0x80)?.[2];
    const isDemanded = isConstrained && demand !== undefined && demand <= (by === "root" ? 2 : 1);
    return {
      what: `${by}: ${isConstrained ? `${fields.length} fields, demand ${demand}` : "no constraints"}, leaf ${hasPolicy ? `${unknown.length} unknown${isCritical ? ", critical" : ""}` : "without"}`,
      changes,
      breaks: namesOf({
        "RFC 5280, 4.2.1.11 extension-not-critical": isConstrained && !areCritical,
        "RFC 5280, 4.2.1.11 extension-empty": isConstrained && fields.length === 0,
        "RFC 5280, 4.2.1.14 extension-not-critical": isInhibited && !isInhibitedCritically,
        "RFC 5280, 4.2.1.4 qualifier-unknown": hasPolicy && isCritical && unknown.length > 0,
        [by === "root" ? "RFC 5937, 3 policy-missing" : "policy-missing"]: isDemanded && !hasPolicy,
      }),
    };
  },
};

export const CONSTRAINT_FAMILIES: readonly Family[] = [NAME_CONSTRAINTS, BASIC_CONSTRAINTS, POLICIES];

/**
 * A chain that differs from a sound one in what one family of rules covers, and the rules that it breaks by
 * construction: nothing here evaluates the rules themselves. Each is "SECTION CODE", or "CODE" if path validation alone
 * refuses it.
 */
export type FamilyCase = {
  what: string;
  changes: Changes;
  /** What both profiles refuse. */
  breaks: readonly string[];
  /** What only `webpki` refuses. */
  breaksWebpki?: readonly string[];
  /** What only `rfc5280` refuses. */
  breaksRfc5280?: readonly string[];
};

export type Family = { name: string; make(chance: Chance): FamilyCase };

/** The case with this number, always the same. */
export const makeCase = ({ make }: Family, number: number): FamilyCase => make(createChance(number + 1));

/** The name of each fault that is present. */
export const namesOf = (faults: Readonly<Record<string, boolean>>): string[] =>
  Object.entries(faults).flatMap(([name, isThere]) => (isThere ? [name] : []));
