import { type Element, printOid, readChildren, readElement, TAG } from "#codec/der.ts";
import type { ComparableName } from "./comparable-name.ts";
import {
  type AccessForm,
  type BasicConstraints,
  type DistributionPoint,
  type IssuerName,
  type NameConstraints,
  type PolicyConstraints,
  type PolicyMapping,
  readAccessForm,
  readBasicConstraints,
  readDistributionPoints,
  readKeyIdentifier,
  readKeyUsage,
  readNameConstraints,
  readNames,
  readOids,
  readPolicies,
  readPolicyConstraints,
  readPolicyMappings,
  readResponders,
  readSkip,
  readSubjectKey,
} from "./extension-values.ts";

/** The extensions that decide about a path (RFC 5280, section 4.2). Null: the certificate does not have it. */
export type PathExtensions = {
  basicConstraints: BasicConstraints | null;
  /** The first two bytes of the bits: see USAGE. */
  keyUsage: number | null;
  /** Identifiers of purposes. */
  purposes: readonly string[] | null;
  names: readonly ComparableName[] | null;
  nameConstraints: NameConstraints | null;
  policies: readonly string[] | null;
  policyMappings: readonly PolicyMapping[] | null;
  policyConstraints: PolicyConstraints | null;
  inhibitAnyPolicy: number | null;
  distributionPoints: readonly DistributionPoint[] | null;
  /** Addresses of OCSP responders. */
  responders: readonly string[] | null;
  subjectKey: string | null;
  authorityKey: string | null;
  /** How else its authority key identifier names the issuer. */
  authorityKeyFields: IssuerName | null;
  /** Qualifiers of policies that are neither a CPS pointer nor a user notice. */
  unknownQualifiers: readonly string[];
  /** Authority information access. */
  access: AccessForm | null;
  /** Every extension by its identifier, with its criticality. */
  marks: ReadonlyMap<string, boolean>;
  /** Critical ones that are not processed here: a validator must refuse those that it does not know (section 4.2). */
  criticalUnknown: readonly string[];
  /** What is malformed in them, each the end of a sentence; if there is any, no value can be relied on. */
  malformed: readonly string[];
  /** Which extensions these concern, by identifier; an empty text if it is none. */
  malformedParts: readonly string[];
};

/** Bits of KeyUsage as they stand in the first two bytes. */
export const USAGE = {
  digitalSignature: 0x8000,
  keyEncipherment: 0x2000,
  keyAgreement: 0x0800,
  keyCertSign: 0x0400,
  crlSign: 0x0200,
} as const;

/** No limit: the bytes are limited. */
const MOST_EXTENSIONS = Number.POSITIVE_INFINITY;
/** At most this many malformed and this many unknown ones are reported. */
const MOST_LISTED = 32;

/** What is read while the extensions are walked. */
type Draft = { -readonly [Field in keyof PathExtensions]: PathExtensions[Field] };

/** Puts what it reads into the draft; false if the content is not what the extension's definition demands. */
type Reader = (bytes: Buffer, content: Element, draft: Draft) => boolean;

const field =
  <Name extends keyof PathExtensions>(
    name: Name,
    read: (bytes: Buffer, content: Element) => PathExtensions[Name],
  ): Reader =>
  (bytes, content, draft) => {
    draft[name] = read(bytes, content);
    return draft[name] !== null;
  };

/** Read only to find issuers sooner. The key may be missing. */
const readAuthorityKey: Reader = (bytes, content, draft) => {
  const key = readKeyIdentifier(bytes, content);
  draft.authorityKey = key?.id ?? null;
  draft.authorityKeyFields = key?.named ?? null;
  return key !== null;
};

const readCertificatePolicies: Reader = (bytes, content, draft) => {
  const read = readPolicies(bytes, content);
  draft.policies = read?.policies ?? null;
  draft.unknownQualifiers = read?.unknownQualifiers ?? [];
  return read !== null;
};

/** It decides about no path: an error in it breaks only a profile's rule. */
const AUTHORITY_ACCESS = "1.3.6.1.5.5.7.1.1";

type Known = { name: string; read: Reader };

/** By identifier. */
const KNOWN: ReadonlyMap<string, Known> = new Map<string, Known>([
  ["2.5.29.14", { name: "subject key identifier", read: field("subjectKey", readSubjectKey) }],
  ["2.5.29.15", { name: "key usage", read: field("keyUsage", readKeyUsage) }],
  ["2.5.29.17", { name: "subject alternative names", read: field("names", readNames) }],
  ["2.5.29.19", { name: "basic constraints", read: field("basicConstraints", readBasicConstraints) }],
  ["2.5.29.30", { name: "name constraints", read: field("nameConstraints", readNameConstraints) }],
  [
    "2.5.29.31",
    { name: "CRL distribution points", read: field("distributionPoints", readDistributionPoints) },
  ],
  ["2.5.29.32", { name: "certificate policies", read: readCertificatePolicies }],
  ["2.5.29.33", { name: "policy mappings", read: field("policyMappings", readPolicyMappings) }],
  ["2.5.29.35", { name: "authority key identifier", read: readAuthorityKey }],
  ["2.5.29.36", { name: "policy constraints", read: field("policyConstraints", readPolicyConstraints) }],
  ["2.5.29.37", { name: "extended key usage", read: field("purposes", readOids) }],
  ["2.5.29.54", { name: "inhibit anyPolicy", read: field("inhibitAnyPolicy", readSkip) }],
]);

/** Whether an extension is one of those that decide about paths. */
export const isReadByPaths = (oid: string): boolean => KNOWN.has(oid);

/**
 * They need no processing, and may be critical all the same: issuerAltName, and the one that exempts an OCSP responder
 * from revocation checks.
 */
const HARMLESS = new Set(["2.5.29.18", "1.3.6.1.5.5.7.48.1.5"]);

const none = (): Draft => ({
  basicConstraints: null,
  keyUsage: null,
  purposes: null,
  names: null,
  nameConstraints: null,
  policies: null,
  policyMappings: null,
  policyConstraints: null,
  inhibitAnyPolicy: null,
  distributionPoints: null,
  responders: null,
  subjectKey: null,
  authorityKey: null,
  authorityKeyFields: null,
  unknownQualifiers: [],
  access: null,
  marks: new Map(),
  criticalUnknown: [],
  malformed: [],
  malformedParts: [],
});

/** Reads them from the optional fields of a certificate. */
export function readPathExtensions(
  bytes: Buffer,
  fields: readonly Element[],
  version: number,
): PathExtensions {
  const draft = none();
  const wrapper = fields.find(({ tag }) => tag === 0xa3);
  if (!wrapper) return draft;
  if (version !== 3)
    return {
      ...draft,
      malformed: [`has extensions, which version ${version} has not`],
      malformedParts: [""],
    };
  const list = readElement(bytes, wrapper.content, wrapper.end);
  const parts = list?.tag === TAG.sequence ? readChildren(bytes, list, MOST_EXTENSIONS) : null;
  if (!parts) return { ...draft, malformed: ["has extensions that cannot be read"], malformedParts: [""] };
  return readExtensionList(bytes, parts, draft);
}

function readExtensionList(bytes: Buffer, parts: readonly Element[], draft: Draft): PathExtensions {
  const met = new Map<string, boolean>();
  const unknown: string[] = [];
  const malformed: { words: string; oid: string }[] = [];
  for (const part of parts) {
    const opened = openExtension(bytes, part);
    if (!opened) {
      malformed.push({ words: "has an extension that cannot be read", oid: "" });
      continue;
    }
    const { oid, isCritical, content, isWhole } = opened;
    const known = KNOWN.get(oid);
    const name = known?.name ?? oid;
    if (met.has(oid)) malformed.push({ words: `has the extension ${name} twice`, oid });
    met.set(oid, isCritical);
    if (oid === AUTHORITY_ACCESS) readAccess(bytes, opened, draft);
    if (!known) {
      if (isCritical && !HARMLESS.has(oid)) unknown.push(oid);
    } else if (!content || !isWhole || !known.read(bytes, content, draft))
      malformed.push({ words: `has the extension ${name}, which cannot be read`, oid });
  }
  return {
    ...draft,
    marks: met,
    criticalUnknown: unknown.slice(0, MOST_LISTED),
    malformed: malformed.slice(0, MOST_LISTED).map(({ words }) => words),
    malformedParts: malformed.map((each) => each.oid),
  };
}

function readAccess(bytes: Buffer, { content, isWhole }: OpenedExtension, draft: Draft): void {
  draft.responders = content && readResponders(bytes, content);
  draft.access = content && isWhole ? readAccessForm(bytes, content) : "unreadable";
}

export type OpenedExtension = {
  oid: string;
  isCritical: boolean;
  content: Element | null;
  isWhole: boolean;
  /** Bytes follow that do not belong there. */
  isFollowed: boolean;
};

/** Extension: identifier, whether it is critical (false when left out), an octet string around one element. */
export function openExtension(bytes: Buffer, part: Element): OpenedExtension | null {
  const id = part.tag === TAG.sequence ? readElement(bytes, part.content, part.end) : null;
  const second = id && readElement(bytes, id.end, part.end);
  const flag = second?.tag === TAG.boolean ? second : null;
  const value = flag ? readElement(bytes, flag.end, part.end) : second;
  const oid = id?.tag === TAG.oid ? printOid(bytes.subarray(id.content, id.end)) : null;
  if (oid === null || value?.tag !== TAG.octetString) return null;
  const content = readElement(bytes, value.content, value.end);
  return {
    oid,
    isCritical: flag !== null && bytes[flag.content] !== 0,
    content,
    isWhole: content?.end === value.end,
    isFollowed: value.end < part.end,
  };
}
