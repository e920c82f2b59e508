import { generateKeyPairSync } from "node:crypto";
import { commonName, der, extension, oid, sequence, text } from "#testing/tls/build-certificate.ts";
import { type Changes, keyIdOf, makeEcKeys } from "#testing/tls/conforming-chain.ts";
import type { KeyPair } from "#testing/tls/sign-certificate.ts";
import { type Family, namesOf } from "./constraint-families.ts";

const WHERE = ["root", "middle", "leaf"] as const;

/** Lengths near the limit, signs, and zero. Numbers have the shortest form, as DER demands. */
const SERIALS: Family = {
  name: "serial numbers",
  make: ({ below, pick }) => {
    const where = pick(WHERE);
    const length = pick([1, 1 + below(24), 19, 20, 21]);
    const kind = pick(["positive", "negative", "zero"] as const);
    const rest = Array.from({ length: length - 1 }, () => below(256));
    const serialBytes =
      kind === "zero" ? [0] : [kind === "positive" ? 1 + below(0x7f) : 0x80 + below(0x7f), ...rest];
    return {
      what: `${kind}, ${serialBytes.length} octets, in the ${where}`,
      changes: { [where]: { serialBytes } },
      breaks: namesOf({
        "RFC 5280, 4.1.2.2 serial-not-positive": kind === "negative" || (kind === "zero" && where !== "root"),
        "RFC 5280, 4.1.2.2 serial-too-long": serialBytes.length > 20,
      }),
    };
  },
};

/** A modulus of `bits` bits; nobody has its private key. */
function makeRsaSpki(bits: number, exponent: readonly number[]): Buffer {
  const modulus = Buffer.alloc(Math.ceil(bits / 8), 0xa5);
  modulus[0] = 1 << ((bits - 1) % 8);
  const padded = bits % 8 === 0 ? [0, ...modulus] : modulus;
  const key = sequence(der(0x02, padded), der(0x02, exponent));
  return sequence(sequence(oid("1.2.840.113549.1.1.1"), der(0x05)), der(0x03, [0], key));
}

const UNUSED = makeEcKeys();

const MODULI: Family = {
  name: "RSA moduli",
  make: ({ below, pick }) => {
    const bits = pick([
      1_016 + below(16),
      2_040,
      2_047,
      2_048,
      2_049,
      2_052,
      2_056,
      2_032 + below(40),
      4_096,
    ]);
    const spki = makeRsaSpki(bits, [1, 0, 1]);
    return {
      what: `${bits} bits`,
      changes: { leaf: { keys: { privateKey: UNUSED.privateKey, spki } } },
      breaks: namesOf({ "key-too-short": bits < 1_024 }),
      breaksWebpki: namesOf({
        "BR 6.1.5 key-too-short": bits < 2_048,
        "BR 6.1.5 key-not-permitted": bits % 8 !== 0,
      }),
    };
  },
};

const exported = ({ publicKey, privateKey }: ReturnType<typeof generateKeyPairSync>): KeyPair => ({
  privateKey: privateKey as KeyPair["privateKey"],
  spki: (publicKey as KeyPair["privateKey"]).export({ format: "der", type: "spki" }) as Buffer,
});

/** Kinds of keys with the rule that they break; each is made once. */
const KEYS = new Map<string, { keys: KeyPair; breaks: string; isOfRfc?: true }>([
  ["P-256", { keys: makeEcKeys("P-256"), breaks: "" }],
  ["P-384", { keys: makeEcKeys("P-384"), breaks: "" }],
  ["P-521", { keys: makeEcKeys("P-521"), breaks: "" }],
  ["P-192", { keys: makeEcKeys("prime192v1"), breaks: "BR 6.1.5 key-not-permitted" }],
  ["P-224", { keys: makeEcKeys("secp224r1"), breaks: "BR 6.1.5 key-not-permitted" }],
  ["secp256k1", { keys: makeEcKeys("secp256k1"), breaks: "BR 6.1.5 key-not-permitted" }],
  ["brainpool", { keys: makeEcKeys("brainpoolP256r1"), breaks: "BR 6.1.5 key-not-permitted" }],
  [
    "explicit parameters",
    { keys: makeEcKeys("P-256", "explicit"), breaks: "RFC 5480, 2.1.1 key-curve-explicit", isOfRfc: true },
  ],
  ["Ed25519", { keys: exported(generateKeyPairSync("ed25519")), breaks: "BR 7.1.3.1 key-not-permitted" }],
  [
    "DSA",
    {
      keys: exported(generateKeyPairSync("dsa", { modulusLength: 1_024, divisorLength: 160 })),
      breaks: "BR 7.1.3.1 key-not-permitted",
    },
  ],
]);
const HASHES = ["sha256", "sha256", "sha1"] as const;

const KEYS_AND_HASHES: Family = {
  name: "kinds of keys, and hashes",
  make: ({ pick }) => {
    const kinds = [...KEYS.keys()];
    const chosen = WHERE.map((where) => ({ where, kind: pick(kinds), hash: pick(HASHES) }));
    const changes: Changes = {};
    for (const { where, kind, hash } of chosen)
      changes[where] = { keys: KEYS.get(kind)?.keys ?? UNUSED, hash };
    const found = chosen.map(({ kind }) => KEYS.get(kind));
    // Ed25519 has a hash of its own; the signature of a root is not verified.
    const isHashed = (signer: number) => chosen[signer]?.kind !== "Ed25519";
    const hasSha1 =
      (chosen[1]?.hash === "sha1" && isHashed(0)) || (chosen[2]?.hash === "sha1" && isHashed(1));
    return {
      what: chosen.map(({ where, kind, hash }) => `${where}: ${kind}, ${hash}`).join("; "),
      changes,
      breaks: found.flatMap((each) => (each?.isOfRfc ? [each.breaks] : [])),
      breaksRfc5280: namesOf({ "RFC 8446, 4.4.2.4 signature-not-permitted": hasSha1 }),
      breaksWebpki: [
        ...found.flatMap((each) => (each && !each.isOfRfc && each.breaks !== "" ? [each.breaks] : [])),
        ...namesOf({ "BR 7.1.3.2 signature-not-permitted": hasSha1 }),
      ],
    };
  },
};

const SERVER = "1.3.6.1.5.5.7.3.1";
const CLIENT = "1.3.6.1.5.5.7.3.2";
/** Code signing, mail, time stamps, OCSP, any purpose, precertificates. */
const FORBIDDEN = [
  "1.3.6.1.5.5.7.3.3",
  "1.3.6.1.5.5.7.3.4",
  "1.3.6.1.5.5.7.3.8",
  "1.3.6.1.5.5.7.3.9",
  "2.5.29.37.0",
  "1.3.6.1.4.1.11129.2.4.4",
];
const OTHERS = ["1.3.6.1.4.1.55738.2", "1.3.6.1.5.5.7.3.17"];

const PURPOSES: Family = {
  name: "extended key usages",
  make: ({ pick, some, happens }) => {
    const where = pick(WHERE);
    const isCritical = happens(20);
    const purposes = some([SERVER, SERVER, CLIENT, ...OTHERS, ...FORBIDDEN], 0, 4).filter(
      (each, at, all) => all.indexOf(each) === at,
    );
    const value = happens(10) ? null : extension("2.5.29.37", sequence(...purposes.map(oid)), isCritical);
    const isServer = purposes.includes(SERVER);
    const hasForbidden = purposes.some((each) => FORBIDDEN.includes(each));
    const isThere = value !== null;
    return {
      what: `${where}: ${isThere ? purposes.join(" ") || "none" : "left out"}${isCritical ? ", critical" : ""}`,
      changes: { [where]: { extensions: { "2.5.29.37": value } } },
      breaks: namesOf({ "RFC 5280, 4.2.1.12 extension-empty": isThere && purposes.length === 0 }),
      breaksWebpki: namesOf({
        "BR 7.1.2.7.6 extension-missing": where === "leaf" && !isThere,
        "BR 7.1.2.7.6 extension-critical": where === "leaf" && isThere && isCritical,
        "BR 7.1.2.7.10 purpose-not-permitted": where === "leaf" && isThere && (!isServer || hasForbidden),
        "BR 7.1.2.10.6 purpose-not-permitted": where === "middle" && isThere && isServer && hasForbidden,
        "BR 7.1.2.1.2 extension-misplaced": where === "root" && isThere,
      }),
    };
  },
};

const RING = { root: makeEcKeys(), middle: makeEcKeys(), leaf: makeEcKeys(), other: makeEcKeys() };
const ABOVE = { root: "root", middle: "root", leaf: "middle" } as const;
/** The issuer of the issuer of each certificate: a root is its own. */
const ISSUERS_NAME = commonName("Example Root");
/** The serial number of every certificate here. */
const SERIAL = 1;

const KEY_IDENTIFIERS: Family = {
  name: "key identifiers",
  make: ({ pick, happens }) => {
    const where = pick(WHERE);
    const own = pick(["there", "there", "critical", "left out"] as const);
    const named = pick(["issuer's", "issuer's", "other", "none", "left out"] as const);
    const isAkiCritical = named !== "left out" && happens(20);
    const kinds = ["left out", "left out", "right", "wrong"] as const;
    const issuer = named === "left out" ? "left out" : pick(kinds);
    const serial = named === "left out" ? "left out" : pick(kinds);
    const [hasIssuer, hasSerial] = [issuer !== "left out", serial !== "left out"];
    const issuerName = der(0xa4, issuer === "right" ? ISSUERS_NAME : sequence());
    const key = keyIdOf(RING[named === "other" ? "other" : ABOVE[where]].spki);
    const fields = [
      ...(named === "none" ? [] : [der(0x80, key)]),
      ...(hasIssuer ? [der(0xa1, issuerName)] : []),
      ...(hasSerial ? [der(0x82, [serial === "right" ? SERIAL : SERIAL + 1])] : []),
    ];
    const ski = extension("2.5.29.14", der(0x04, keyIdOf(RING[where].spki)), own === "critical");
    const aki = extension("2.5.29.35", sequence(...fields), isAkiCritical);
    const changes: Changes = {
      root: { keys: RING.root },
      middle: { keys: RING.middle },
      leaf: { keys: RING.leaf },
    };
    changes[where] = {
      keys: RING[where],
      extensions: {
        "2.5.29.14": own === "left out" ? null : ski,
        "2.5.29.35": named === "left out" ? null : aki,
      },
    };
    const isRoot = where === "root";
    return {
      what: `${where}: its own ${own}, the issuer's ${named}; issuer ${issuer}, serial ${serial}${isAkiCritical ? ", critical" : ""}`,
      changes,
      breaks: namesOf({
        "RFC 5280, 4.2.1.2 extension-critical": own === "critical",
        "RFC 5280, 4.2.1.2 extension-missing": own === "left out" && where !== "leaf",
        "RFC 5280, 4.2.1.1 extension-critical": isAkiCritical,
        "RFC 5280, 4.2.1.1 extension-missing": !isRoot && (named === "none" || named === "left out"),
        "RFC 5280, 4.2.1.2 extension-field": !isRoot && named === "other",
        "RFC 5280, 4.2.1.1 extension-field": !isRoot && (issuer === "wrong" || serial === "wrong"),
      }),
      breaksWebpki: namesOf({
        "BR 7.1.2.1.3 extension-field":
          isRoot &&
          named !== "left out" &&
          (named !== "issuer's" || hasIssuer || hasSerial || own === "left out"),
      }),
    };
  },
};

const OCSP = "1.3.6.1.5.5.7.48.1";
const SOUND_ACCESS = sequence(oid(OCSP), text(0x86, "http://ocsp.example.com"));
const BROKEN_ACCESS: readonly Buffer[] = [
  sequence(oid(OCSP)),
  sequence(text(0x86, "http://ocsp.example.com"), oid(OCSP)),
  sequence(oid(OCSP), text(0x86, "http://a.example"), text(0x86, "http://b.example")),
  der(0x05),
  sequence(oid(OCSP), der(0x04, [1])),
];

const ACCESS: Family = {
  name: "authority information access",
  make: ({ pick, below, happens }) => {
    const where = pick(["middle", "leaf"] as const);
    const isBroken = happens(50);
    const sound = Array.from({ length: below(4) }, () => SOUND_ACCESS);
    const parts = isBroken ? [...sound, pick(BROKEN_ACCESS)] : sound;
    return {
      what: `${where}: ${sound.length} sound${isBroken ? " and a broken one" : ""}`,
      changes: {
        [where]: { extensions: { "1.3.6.1.5.5.7.1.1": extension("1.3.6.1.5.5.7.1.1", sequence(...parts)) } },
      },
      breaks: namesOf({ "RFC 5280, 4.2.2.1 extension-malformed": isBroken || parts.length === 0 }),
    };
  },
};

export const CERTIFICATE_FAMILIES: readonly Family[] = [
  SERIALS,
  MODULI,
  KEYS_AND_HASHES,
  PURPOSES,
  KEY_IDENTIFIERS,
  ACCESS,
];
