import { toDefinite } from "#codec/ber.ts";
import { contentOf, type Node, octetsOf, oidOf, openNode, partsOf, TAG, wholeOf } from "#codec/der.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import { entryOf, type StoreEntry } from "./keystore.ts";
import { type Encryption, readSealed } from "./password-encryption.ts";

/** What a SafeContents of RFC 7292, section 4.2 holds, before keys are matched with certificates. */
export type Bag =
  | { kind: "certificate"; alias: string; keyId: string | null; der: Buffer }
  | { kind: "key"; alias: string; keyId: string | null; pkcs8: Buffer }
  | {
      kind: "shrouded-key";
      alias: string;
      keyId: string | null;
      encryption: Encryption | null;
      secret: Buffer;
    }
  | { kind: "secret" | "crl" | "other"; alias: string; keyId: string | null };

const BAGS = new Map([
  ["1.2.840.113549.1.12.10.1.1", "key"],
  ["1.2.840.113549.1.12.10.1.2", "shrouded-key"],
  ["1.2.840.113549.1.12.10.1.3", "certificate"],
  ["1.2.840.113549.1.12.10.1.4", "crl"],
  ["1.2.840.113549.1.12.10.1.5", "secret"],
  ["1.2.840.113549.1.12.10.1.6", "nested"],
] as const);
const X509_CERTIFICATE = "1.2.840.113549.1.9.22.1";
const FRIENDLY_NAME = "1.2.840.113549.1.9.20";
const LOCAL_KEY_ID = "1.2.840.113549.1.9.21";

const MOST_BAGS = 20_000;
const MOST_DEPTH = 8;

/** Null if the bytes are no SafeContents: after a decryption, that the password was wrong. */
export function readBags(bytes: Buffer, depth = 0): Bag[] | null {
  const contents = openNode(toDefinite(bytes) ?? bytes);
  if (contents?.element.tag !== TAG.sequence) return null;
  const bags: Bag[] = [];
  for (const part of partsOf(contents).slice(0, MOST_BAGS)) {
    const [id, value, attributes] = partsOf(part);
    const oid = oidOf(id);
    if (oid === null) return null;
    bags.push(...readBag(oid, partsOf(value)[0], { attributes, depth }));
  }
  return bags;
}

function readBag(
  oid: string,
  value: Node | undefined,
  { attributes, depth }: { attributes: Node | undefined; depth: number },
): Bag[] {
  const named = readAttributes(attributes);
  const kind = BAGS.get(oid as never) ?? "other";
  if (!value) return [{ kind: "other", ...named }];
  switch (kind) {
    case "nested":
      return depth < MOST_DEPTH ? (readBags(wholeOf(value), depth + 1) ?? []) : [];
    case "key":
      return [{ kind, ...named, pkcs8: wholeOf(value) }];
    case "shrouded-key": {
      const [algorithm, secret] = partsOf(value);
      const sealed = readSealed(algorithm, secret);
      return [
        { kind, ...named, encryption: sealed?.encryption ?? null, secret: sealed?.secret ?? Buffer.alloc(0) },
      ];
    }
    case "certificate": {
      const [type, wrapped] = partsOf(value);
      const der = oidOf(type) === X509_CERTIFICATE ? octetsOf(partsOf(wrapped)[0]) : null;
      return [der ? { kind, ...named, der } : { kind: "other", ...named }];
    }
    default:
      return [{ kind, ...named }];
  }
}

function readAttributes(attributes: Node | undefined): { alias: string; keyId: string | null } {
  const named = { alias: "", keyId: null as string | null };
  for (const attribute of partsOf(attributes)) {
    const [type, values] = partsOf(attribute);
    const [value] = partsOf(values);
    const oid = oidOf(type);
    if (oid === LOCAL_KEY_ID) named.keyId = octetsOf(value)?.toString("hex") ?? null;
    if (oid === FRIENDLY_NAME) named.alias = readText(contentOf(value, TAG.bmpString));
  }
  return named;
}

const MOST_NAME_BYTES = 2_048;

function readText(utf16: Buffer | null): string {
  const even = utf16?.subarray(0, Math.min(MOST_NAME_BYTES, utf16.length & ~1)) ?? Buffer.alloc(0);
  return Buffer.from(even).swap16().toString("utf16le");
}

/** A key from its bag; `spkiSha256` is null if it stayed encrypted or is of an unknown kind. */
export type OpenKey = { alias: string; keyId: string | null; isLocked: boolean; spkiSha256: string | null };

/** Keys with their chains, then the certificates that belong to none of them, in their order. */
export function layTogether(bags: readonly Bag[], keys: readonly OpenKey[]): StoreEntry[] {
  const certificates = bags.filter((bag) => bag.kind === "certificate");
  const facts = certificates.map((bag) => ({ bag, read: readCertificate(bag.der) }));
  const used = new Set<Bag>();
  const keyEntries = keys.map(({ alias, keyId, isLocked, spkiSha256 }) => {
    const leaf = facts.find(({ bag, read }) =>
      keyId !== null ? bag.keyId === keyId : spkiSha256 !== null && read?.spkiSha256 === spkiSha256,
    );
    const chain = leaf ? followIssuers(leaf, facts) : [];
    // A certificate that has a name of its own is an entry of its own as well.
    for (const { bag } of chain) if (bag === leaf?.bag || bag.alias === "") used.add(bag);
    return entryOf("key", {
      alias: alias || (leaf?.bag.alias ?? ""),
      certificates: chain.map(({ bag }) => bag.der),
      isLocked,
      spkiSha256,
    });
  });
  const others = bags.filter((bag) => !used.has(bag) && bag.kind !== "key" && bag.kind !== "shrouded-key");
  return [
    ...keyEntries,
    ...others.map((bag) =>
      bag.kind === "certificate"
        ? entryOf("certificate", { alias: bag.alias, certificates: [bag.der] })
        : entryOf(bag.kind as "secret" | "crl" | "other", {
            alias: bag.alias,
            isLocked: bag.kind === "secret",
          }),
    ),
  ];
}

/** Keys that stand beside a certificate of another key, each a sentence. */
export const formatMisfits = (entries: readonly StoreEntry[]): string[] =>
  entries.flatMap(({ alias, spkiSha256, certificates: [leaf] }) => {
    const certified = leaf && readCertificate(leaf)?.spkiSha256;
    if (spkiSha256 === null || !certified || certified === spkiSha256) return [];
    return [`the key ${JSON.stringify(alias)} does not fit the certificate that it stands with`];
  });

type Facts = { bag: Extract<Bag, { kind: "certificate" }>; read: ReturnType<typeof readCertificate> };

const MOST_CHAIN = 16;

/** From a leaf upwards by names alone, as a keystore shows its chains; signatures are not verified. */
function followIssuers(leaf: Facts, all: readonly Facts[]): Facts[] {
  const chain = [leaf];
  for (
    let last: Facts | undefined = leaf;
    last?.read && !last.read.isSelfIssued && chain.length < MOST_CHAIN;
  ) {
    const { issuer }: { issuer: string } = last.read;
    last = all.find((other) => other.read?.subject === issuer && !chain.includes(other));
    if (last) chain.push(last);
  }
  return chain;
}
