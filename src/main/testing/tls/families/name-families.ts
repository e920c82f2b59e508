import type { Chance } from "#testing/servers-oracle/generated.ts";
import { type Attribute, der, extension, name, oid, sequence, text } from "#testing/tls/build-certificate.ts";
import { type Family, namesOf } from "./constraint-families.ts";

const MALFORMED = "RFC 5280, 4.2.1.6 name-malformed";
const WWW = text(0x82, "www.example.com");
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const INNER = `${LETTERS}${LETTERS.toUpperCase()}0123456789-`;

/** A label of `length` characters that begins and ends with a letter. */
const makeLabel = ({ below }: Chance, length: number): string =>
  Array.from({ length }, (_, at) =>
    at === 0 || at === length - 1 ? LETTERS[below(LETTERS.length)] : INNER[below(INNER.length)],
  ).join("");

const makeHost = (chance: Chance): string => {
  const labels = Array.from({ length: chance.below(3) }, () => makeLabel(chance, 1 + chance.below(63)));
  return [...labels, "example", "com"].join(".");
};

/** Faults of a host name: each turns a valid host name into an invalid one. */
const HOST_FAULTS: Readonly<Record<string, (host: string, chance: Chance) => string>> = {
  "an underscore": (host, chance) => `${makeLabel(chance, 3)}_${makeLabel(chance, 3)}.${host}`,
  "an underscore in front": (host, chance) => `_${makeLabel(chance, 4)}.${host}`,
  "a dot in front": (host) => `.${host}`,
  "an empty label": (host) => `www..${host}`,
  "a dot at the end": (host) => `${host}.`,
  "a label of 64 characters": (host, chance) => `${makeLabel(chance, 64)}.${host}`,
  "more than 253 characters": (host, chance) =>
    `${Array.from({ length: 4 }, () => makeLabel(chance, 62)).join(".")}.${host}`,
  "a hyphen in front": (host) => `-www.${host}`,
  "a hyphen at the end": (host) => `www-.${host}`,
  "a wildcard inside of a label": (host) => `w*.${host}`,
  "a wildcard that is not the first label": (host) => `www.*.${host}`,
  "two wildcards": (host) => `*.*.${host}`,
  "a space": (host) => `w w.${host}`,
  "a letter beyond ASCII": (host) => `b\u00e4r.${host}`,
  "a character that is not to be seen": (host) => `www\u0001.${host}`,
  "a NUL": (host) => `www\u0000.${host}`,
  "a scheme": (host) => `https://${host}`,
  "a port": (host) => `${host}:443`,
};

const DNS_NAMES: Family = {
  name: "DNS names",
  make: (chance) => {
    const host = makeHost(chance);
    const fault = chance.happens(60) ? chance.pick(Object.keys(HOST_FAULTS)) : null;
    const isWildcard = fault === null && chance.happens(40);
    const written = fault === null ? `${isWildcard ? "*." : ""}${host}` : HOST_FAULTS[fault]?.(host, chance);
    const names = chance.shuffle([WWW, text(0x82, written ?? host)]);
    return {
      what: `${fault ?? "sound"}: ${JSON.stringify(written).slice(0, 80)}`,
      changes: { leaf: { extensions: { "2.5.29.17": extension("2.5.29.17", sequence(...names)) } } },
      breaks: fault === null ? [] : [MALFORMED],
    };
  },
};

/** Some entries of the list's ICANN section, and registered names below them. */
const SUFFIXES = [
  "com",
  "net",
  "co.uk",
  "ac.jp",
  "com.br",
  "k12.ca.us",
  "xn--p1ai",
  "gov.au",
  "x.ck",
  "internal",
];
const NO_SUFFIXES = [
  "example.com",
  "example.co.uk",
  "www.ck",
  "city.kobe.jp",
  "s3.amazonaws.com",
  "github.io",
];

const WILDCARDS: Family = {
  name: "wildcards over public suffixes",
  make: (chance) => {
    const isSuffix = chance.happens(50);
    const base = chance.pick(isSuffix ? SUFFIXES : NO_SUFFIXES);
    const host = chance.happens(30) ? base.toUpperCase() : base;
    const below = !isSuffix && chance.happens(50) ? `${makeLabel(chance, 5)}.` : "";
    const isWild = chance.happens(80);
    const written = `${isWild ? "*." : ""}${below}${host}`;
    return {
      what: written,
      changes: {
        leaf: { extensions: { "2.5.29.17": extension("2.5.29.17", sequence(WWW, text(0x82, written))) } },
      },
      breaks: [],
      breaksWebpki: namesOf({ "BR 3.2.2.6 wildcard-too-wide": isWild && isSuffix }),
    };
  },
};

const SOUND_NAMES: Readonly<Record<string, Buffer>> = {
  "a mail address": text(0x81, "user.name+tag@mail.example.com"),
  "a quoted mail address": text(0x81, '"a b"@example.com'),
  "a URI": text(0x86, "https://example.com/a?b#c"),
  "a URN": text(0x86, "urn:example:a"),
  "another name": der(0xa0, oid("1.3.6.1.4.1.311.20.2.3"), der(0xa0, text(0x0c, "a@example.com"))),
  "an identifier": der(0x88, [0x2a, 0x03]),
  "a directory name": der(0xa4, name([["2.5.4.3", 0x0c, "x"]])),
  "an X.400 address": der(0xa3),
};
const BROKEN_NAMES: Readonly<Record<string, Buffer>> = {
  "a mail address without a host": text(0x81, "user"),
  "a mail address without a user": text(0x81, "@example.com"),
  "a mail address with two at signs": text(0x81, "a@b@example.com"),
  "a mail address with a space": text(0x81, "a b@example.com"),
  "a mail address at a host with a dot in front": text(0x81, "a@.example.com"),
  "a mail address beyond ASCII": text(0x81, "\u00e4@example.com"),
  "an empty mail address": text(0x81, ""),
  "a URI without a scheme": text(0x86, "//example.com/here"),
  "an empty URI": text(0x86, ""),
  "a URI with a space": text(0x86, "https://example.com/a b"),
  "a URI beyond ASCII": text(0x86, "https://example.com/\u00e4"),
};

const OTHER_NAMES: Family = {
  name: "names that are no DNS names",
  make: ({ below, pick, happens, shuffle }) => {
    const length = pick([4, 16, below(20), 3, 5, 15, 17]);
    const isAddress = happens(40);
    const from = happens(50) ? SOUND_NAMES : BROKEN_NAMES;
    const kind = pick(Object.keys(from));
    const value = isAddress
      ? text(
          0x87,
          Array.from({ length }, () => below(256)),
        )
      : from[kind];
    const isBroken = isAddress ? length !== 4 && length !== 16 : from === BROKEN_NAMES;
    return {
      what: isAddress ? `an address of ${length} octets` : kind,
      changes: {
        leaf: {
          extensions: { "2.5.29.17": extension("2.5.29.17", sequence(...shuffle([WWW, value ?? WWW]))) },
        },
      },
      breaks: isBroken ? [MALFORMED] : [],
      breaksWebpki: isAddress ? [] : ["BR 7.1.2.7.12 name-kind-not-permitted"],
    };
  },
};

const CN = "2.5.4.3";
/** A common name, and the name beside www.example.com that it stands for; whether both are written the same. */
const COMMON_NAMES: readonly { written: string; of: Buffer; isCopy: boolean }[] = [
  { written: "www.example.com", of: WWW, isCopy: true },
  { written: "WWW.example.com", of: WWW, isCopy: false },
  { written: "www.example.com.", of: WWW, isCopy: false },
  { written: "other.example.com", of: WWW, isCopy: false },
  { written: "*.example.com", of: text(0x82, "*.example.com"), isCopy: true },
  { written: "a.example.com", of: text(0x82, "*.example.com"), isCopy: false },
  { written: "xn--br-via.example.com", of: text(0x82, "xn--br-via.example.com"), isCopy: true },
  { written: "b\u00e4r.example.com", of: text(0x82, "xn--br-via.example.com"), isCopy: false },
  { written: "192.0.2.1", of: text(0x87, [192, 0, 2, 1]), isCopy: true },
  { written: "192.000.002.001", of: text(0x87, [192, 0, 2, 1]), isCopy: false },
  { written: "0xc0000201", of: text(0x87, [192, 0, 2, 1]), isCopy: false },
  { written: "2001:db8::1", of: addressOf(0x20, 0x01, 0x0d, 0xb8), isCopy: true },
  { written: "2001:DB8::1", of: addressOf(0x20, 0x01, 0x0d, 0xb8), isCopy: false },
  { written: "2001:db8:0:0:0:0:0:1", of: addressOf(0x20, 0x01, 0x0d, 0xb8), isCopy: false },
];

function addressOf(...front: readonly number[]): Buffer {
  return text(0x87, [...front, ...new Array<number>(15 - front.length).fill(0), 1]);
}

const COMMON_NAME_FAMILY: Family = {
  name: "common names",
  make: ({ pick, happens }) => {
    const first = pick(COMMON_NAMES);
    const second = happens(15) ? pick(COMMON_NAMES) : null;
    const isLeftOut = happens(10);
    const attributes = [first, ...(second ? [second] : [])].map(({ written }): readonly Attribute[] => [
      [CN, 0x0c, written],
    ]);
    const subject = isLeftOut ? name([["2.5.4.10", 0x0c, "Example"]]) : name(...attributes);
    const names = [WWW, first.of, ...(second ? [second.of] : [])];
    return {
      what: isLeftOut ? "left out" : [first, second].map((each) => each?.written ?? "").join(" "),
      changes: { leaf: { subject, extensions: { "2.5.29.17": extension("2.5.29.17", sequence(...names)) } } },
      breaks: [],
      breaksWebpki: namesOf({
        "BR 7.1.4.3 common-name-not-listed": !isLeftOut && (!first.isCopy || second !== null),
      }),
    };
  },
};

const EMPTY = sequence();

/** Subjects that are empty, and alternative names that are critical, or missing. */
const SUBJECTS: Family = {
  name: "subjects",
  make: ({ pick, happens }) => {
    const where = pick(["leaf", "leaf", "middle", "root"] as const);
    const isEmpty = happens(60);
    const isLeaf = where === "leaf";
    const names = isLeaf ? pick(["there", "critical", "none in it", "left out"] as const) : "left out";
    const value = extension(
      "2.5.29.17",
      names === "none in it" ? EMPTY : sequence(WWW),
      names === "critical",
    );
    const isThere = names !== "left out";
    return {
      what: `${where}: ${isEmpty ? "without" : "with"} a subject, names ${names}`,
      changes: {
        [where]: {
          ...(isEmpty && { subject: EMPTY, ...(where === "root" && { issuerName: EMPTY }) }),
          extensions: isLeaf ? { "2.5.29.17": isThere ? value : null } : {},
        },
      },
      breaks: namesOf({
        "RFC 5280, 4.1.2.6 subject-missing": isEmpty && (!isLeaf || !isThere),
        "RFC 5280, 4.2.1.6 extension-not-critical": isLeaf && isEmpty && isThere && names !== "critical",
        "RFC 5280, 4.2.1.6 extension-empty": names === "none in it",
      }),
      breaksWebpki: namesOf({
        "BR 7.1.2.7.12 extension-missing": isLeaf && !isThere,
        "BR 7.1.2.7.12 extension-critical": isLeaf && !isEmpty && names === "critical",
        "BR 7.1.4.3 common-name-not-listed": isLeaf && !isEmpty && names !== "there" && names !== "critical",
      }),
    };
  },
};

export const NAME_FAMILIES: readonly Family[] = [
  DNS_NAMES,
  WILDCARDS,
  OTHER_NAMES,
  COMMON_NAME_FAMILY,
  SUBJECTS,
];
