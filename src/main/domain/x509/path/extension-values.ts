import { type Element, printOid, readChildren, readElement, smallIntegerOf, TAG } from "#codec/der.ts";
import { readBasicConstraints as readConstraints } from "#domain/x509/extensions.ts";
import { MOST_NAMES } from "#domain/x509/names.ts";
import { type ComparableName, readComparableName, readComparableNames, readRdn } from "./comparable-name.ts";

/**
 * The contents of the extensions that decide about a path, each null if it is not what RFC 5280, section 4.2.1 defines.
 */

export type BasicConstraints = { isCa: boolean; pathLength: number | null };

export type Subtree = { base: ComparableName; isWhole: boolean };
export type NameConstraints = {
  permitted: readonly Subtree[];
  excluded: readonly Subtree[];
  /** Both lists are missing, or one of them is empty. */
  hasEmptyList: boolean;
};

export type PolicyMapping = { issuer: string; subject: string };

/** The number of certificates after which the limit applies; null if there is none. */
export type PolicyConstraints = { requireExplicit: number | null; inhibitMapping: number | null };

/** Where a list of revoked certificates is named. */
export type DistributionPointName =
  | { kind: "full"; names: readonly ComparableName[] }
  /** One RDN below the name of the list's issuer. */
  | { kind: "relative"; rdn: string };
export type DistributionPoint = {
  name: DistributionPointName | null;
  /** Bits of ReasonFlags; null for all. */
  reasons: number | null;
  issuers: readonly ComparableName[] | null;
};

/** Policies, mappings, subtrees, purposes and points of one certificate. */
const MOST_PARTS = 1_024;

const integerOf = (bytes: Buffer, { tag, content, end }: Element): number | null =>
  tag === TAG.integer ? smallIntegerOf(bytes.subarray(content, end)) : null;

/** An implicitly tagged integer. */
const taggedInteger = (bytes: Buffer, { content, end }: Element): number | null =>
  smallIntegerOf(bytes.subarray(content, end));

export function readBasicConstraints(bytes: Buffer, element: Element): BasicConstraints | null {
  return readConstraints(bytes, element);
}

export function readKeyUsage(bytes: Buffer, element: Element): number | null {
  return element.tag === TAG.bitString ? bitsAt(bytes, element) : null;
}

/** The first sixteen bits of a BIT STRING, the first of them the highest. */
export function bitsAt(bytes: Buffer, { content, end }: Element): number | null {
  const unused = bytes[content];
  if (end === content || unused === undefined || unused > 7 || end > content + 4) return null;
  if (end === content + 1) return unused === 0 ? 0 : null;
  return ((bytes[content + 1] ?? 0) << 8) | (end > content + 2 ? (bytes[content + 2] ?? 0) : 0);
}

export function readOids(bytes: Buffer, element: Element): string[] | null {
  return eachOf(bytes, element, (part) => oidOf(bytes, part));
}

export const oidOf = (bytes: Buffer, part: Element | undefined): string | null =>
  part?.tag === TAG.oid ? printOid(bytes.subarray(part.content, part.end)) : null;

export function readNames(bytes: Buffer, element: Element): ComparableName[] | null {
  return element.tag === TAG.sequence ? readComparableNames(bytes, element, MOST_NAMES) : null;
}

export function readNameConstraints(bytes: Buffer, element: Element): NameConstraints | null {
  const parts = element.tag === TAG.sequence ? readChildren(bytes, element, 2) : null;
  if (!parts) return null;
  const permitted: Subtree[] = [];
  const excluded: Subtree[] = [];
  let hasEmptyList = parts.length === 0;
  // Each at most once, in this order.
  if (parts.length === 2 && (parts[0]?.tag !== 0xa0 || parts[1]?.tag !== 0xa1)) return null;
  for (const part of parts) {
    const side = part.tag === 0xa0 ? permitted : part.tag === 0xa1 ? excluded : null;
    const subtrees = readSubtrees(bytes, part);
    if (!side || !subtrees) return null;
    for (const subtree of subtrees) side.push(subtree);
    hasEmptyList ||= subtrees.length === 0;
  }
  return { permitted, excluded, hasEmptyList };
}

/** No limit of its own beyond the number of names in a certificate; `name-constraints.ts` limits the comparisons. */
function readSubtrees(bytes: Buffer, list: Element): Subtree[] | null {
  const parts = readChildren(bytes, list, MOST_NAMES);
  if (!parts) return null;
  const subtrees: Subtree[] = [];
  for (const part of parts) {
    const subtree = readSubtree(bytes, part);
    if (!subtree) return null;
    subtrees.push(subtree);
  }
  return subtrees;
}

/** GeneralSubtree: RFC 5280 knows no other minimum than 0, and no maximum. */
function readSubtree(bytes: Buffer, element: Element): Subtree | null {
  const [base, ...bounds] = (element.tag === TAG.sequence && readChildren(bytes, element, 3)) || [];
  const name = base && readComparableName(bytes, base);
  if (!name || (name.form === "ip" && name.value.length !== 8 && name.value.length !== 32)) return null;
  const isWhole = bounds.every((bound) => bound.tag === 0x80 && taggedInteger(bytes, bound) === 0);
  return { base: name, isWhole };
}

/** A CPS pointer and a user notice (section 4.2.1.4). */
const KNOWN_QUALIFIERS = new Set(["1.3.6.1.5.5.7.2.1", "1.3.6.1.5.5.7.2.2"]);

export function readPolicies(
  bytes: Buffer,
  element: Element,
): { policies: string[]; unknownQualifiers: string[] } | null {
  const unknown = new Set<string>();
  const policies = eachOf(bytes, element, (part) => {
    const [id, qualifiers] = (part.tag === TAG.sequence && readChildren(bytes, part, 2)) || [];
    for (const oid of qualifiers ? readQualifiers(bytes, qualifiers) : [])
      if (!KNOWN_QUALIFIERS.has(oid)) unknown.add(oid);
    return oidOf(bytes, id);
  });
  // "A certificate policy OID MUST NOT appear more than once" (section 4.2.1.4).
  if (!policies || policies.length === 0 || new Set(policies).size < policies.length) return null;
  return { policies, unknownQualifiers: [...unknown] };
}

/** Qualifiers that cannot be read count as an unknown one. */
function readQualifiers(bytes: Buffer, list: Element): string[] {
  const unreadable = "that cannot be read";
  const ids = eachOf(bytes, list, (part) => {
    const [id] = (part.tag === TAG.sequence && readChildren(bytes, part, 2)) || [];
    return oidOf(bytes, id) ?? unreadable;
  });
  return ids ?? [unreadable];
}

export function readPolicyMappings(bytes: Buffer, element: Element): PolicyMapping[] | null {
  return eachOf(bytes, element, (part) => {
    const [from, to, ...rest] = (part.tag === TAG.sequence && readChildren(bytes, part, 2)) || [];
    const issuer = oidOf(bytes, from);
    const subject = oidOf(bytes, to);
    return issuer === null || subject === null || rest.length > 0 ? null : { issuer, subject };
  });
}

export function readPolicyConstraints(bytes: Buffer, element: Element): PolicyConstraints | null {
  const parts = element.tag === TAG.sequence ? readChildren(bytes, element, 2) : null;
  if (!parts) return null;
  const constraints: PolicyConstraints = { requireExplicit: null, inhibitMapping: null };
  for (const part of parts) {
    const number = taggedInteger(bytes, part);
    if (number === null) return null;
    if (part.tag === 0x80) constraints.requireExplicit = number;
    else if (part.tag === 0x81) constraints.inhibitMapping = number;
    else return null;
  }
  return constraints;
}

const OCSP = "1.3.6.1.5.5.7.48.1";

/**
 * The OCSP addresses of authority information access. A part that cannot be read is skipped, because no path depends on
 * it.
 */
export function readResponders(bytes: Buffer, element: Element): string[] | null {
  return (
    eachOf(bytes, element, (part) => {
      const [method, location] = (part.tag === TAG.sequence && readChildren(bytes, part, 2)) || [];
      const isOcsp = oidOf(bytes, method) === OCSP && location?.tag === 0x86;
      return isOcsp && location ? bytes.toString("latin1", location.content, location.end) : "";
    })?.filter((address) => address !== "") ?? null
  );
}

/**
 * The access descriptions of authority information access, each a method and a general name (section 4.2.2.1).
 * `malformed`: one is something else; `unreadable`: one does not even begin with a method.
 */
export type AccessForm = "sound" | "empty" | "malformed" | "unreadable";

export function readAccessForm(bytes: Buffer, element: Element): AccessForm {
  const parts = eachOf(bytes, element, (part) => {
    const fields = (part.tag === TAG.sequence && readChildren(bytes, part, MOST_PARTS)) || [];
    const [method, location] = fields;
    if (oidOf(bytes, method) === null) return null;
    return fields.length === 2 && location && readComparableName(bytes, location) ? "sound" : "malformed";
  });
  if (!parts) return "unreadable";
  if (parts.length === 0) return "empty";
  return parts.includes("malformed") ? "malformed" : "sound";
}

export const readSkip = (bytes: Buffer, element: Element): number | null => integerOf(bytes, element);

export const readSubjectKey = (bytes: Buffer, { tag, content, end }: Element): string | null =>
  tag === TAG.octetString ? bytes.toString("hex", content, end) : null;

/** How the issuer's certificate is named beside its key; each may be missing. */
export type IssuerName = {
  hasIssuer: boolean;
  /** The issuer of that certificate: the key of the first directory name; null if there is none. */
  issuer: string | null;
  /** The serial number of that certificate, in lower-case hex as it is written. */
  serial: string | null;
};

/** The identifier of the issuer's key, which may be missing. */
export function readKeyIdentifier(
  bytes: Buffer,
  element: Element,
): { id: string | null; named: IssuerName } | null {
  const parts = element.tag === TAG.sequence ? readChildren(bytes, element, 3) : null;
  if (!parts) return null;
  const find = (tag: number) => parts.find((part) => part.tag === tag);
  const hexOf = (tag: number) => {
    const part = find(tag);
    return part ? bytes.toString("hex", part.content, part.end) : null;
  };
  const names = find(0xa1);
  const written = names ? readComparableNames(bytes, names, MOST_PARTS) : null;
  const directory = written?.find(({ form }) => form === "directory");
  const issuer = directory?.form === "directory" ? directory.value.key : null;
  return { id: hexOf(0x80), named: { hasIssuer: names !== undefined, issuer, serial: hexOf(0x82) } };
}

export function readDistributionPoints(bytes: Buffer, element: Element): DistributionPoint[] | null {
  return eachOf(bytes, element, (part) => readDistributionPoint(bytes, part));
}

function readDistributionPoint(bytes: Buffer, element: Element): DistributionPoint | null {
  const parts = element.tag === TAG.sequence ? readChildren(bytes, element, 3) : null;
  if (!parts) return null;
  const distributionPoint: DistributionPoint = { name: null, reasons: null, issuers: null };
  for (const part of parts) {
    if (part.tag === 0xa0) distributionPoint.name = readDistributionPointName(bytes, part);
    else if (part.tag === 0x81) distributionPoint.reasons = bitsAt(bytes, part);
    else if (part.tag === 0xa2) distributionPoint.issuers = readComparableNames(bytes, part, MOST_PARTS);
    else return null;
    if (part.tag === 0xa0 && !distributionPoint.name) return null;
    if (part.tag === 0xa2 && !distributionPoint.issuers) return null;
  }
  return distributionPoint;
}

/** DistributionPointName inside the [0] around it. */
export function readDistributionPointName(bytes: Buffer, wrapper: Element): DistributionPointName | null {
  const inner = readElement(bytes, wrapper.content, wrapper.end);
  if (inner?.end !== wrapper.end) return null;
  if (inner.tag === 0xa0) {
    const names = readComparableNames(bytes, inner, MOST_PARTS);
    return names && { kind: "full", names };
  }
  const rdn = inner.tag === 0xa1 ? readRdn(bytes, inner) : null;
  return rdn === null ? null : { kind: "relative", rdn };
}

/** Every part of a sequence; null if it is none, is too long, or has a part that cannot be read. */
function eachOf<Part>(bytes: Buffer, element: Element, read: (part: Element) => Part | null): Part[] | null {
  const parts = element.tag === TAG.sequence ? readChildren(bytes, element, MOST_PARTS) : null;
  if (!parts) return null;
  const found: Part[] = [];
  for (const part of parts) {
    const value = read(part);
    if (value === null) return null;
    found.push(value);
  }
  return found;
}
