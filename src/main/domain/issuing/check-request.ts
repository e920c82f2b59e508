import { createPublicKey, type KeyObject } from "node:crypto";
import ipaddr from "ipaddr.js";
import { verifySignature } from "#domain/x509/path/verify-signature.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import { formatPurpose, PURPOSE } from "./issued-checks.ts";
import { formatNames, isAddressPermitted, isNamePermitted, type Permitted, readDnsName } from "./names.ts";
import { MOST_REQUEST_BYTES, type Request, readRequest } from "./read-request.ts";

/** A name for a certificate: parsed, and never copied from a request as it was written. */
export type CertifiedName =
  | { kind: "dns"; text: string }
  | { kind: "ip"; text: string; bytes: readonly number[] };

export type SoundRequest = {
  /** DER. */
  spki: Uint8Array;
  isRsa: boolean;
  names: readonly CertifiedName[];
  /** OIDs: of TLS servers, clients, or both. */
  purposes: readonly string[];
};

type RequestFaultCode =
  | "not-a-request"
  | "malformed"
  | "signature-invalid"
  | "signature-unsupported"
  | "key-weak"
  | "key-unsupported"
  | "key-of-authority"
  | "no-names"
  | "too-many-names"
  | "name-malformed"
  | "name-not-permitted"
  | "purpose-not-permitted"
  | "is-authority";
/** `sentence` may contain what strangers wrote. */
type RequestFault = { code: RequestFaultCode; sentence: string };

type RequestAnswer =
  | { kind: "sound"; request: SoundRequest }
  | { kind: "faulty"; faults: readonly RequestFault[] };

export type RequestRules = {
  permitted: readonly Permitted[];
  /** DER of the authority's own keys. */
  ownKeys: readonly Uint8Array[];
};

/** As many as public authorities accept; servers with more names use wildcards. */
const MOST_REQUESTED_NAMES = 100;

/**
 * Whether a local authority signs a request (DER), and which parts of it. Never throws; takes bounded time for any
 * input.
 */
export function checkRequest(csr: Uint8Array, rules: RequestRules): RequestAnswer {
  const request = readRequest(csr);
  if (!request) {
    const why =
      csr.length > MOST_REQUEST_BYTES
        ? `the request has ${formatNumber(csr.length)} bytes; ${formatNumber(MOST_REQUEST_BYTES)} are taken at most`
        : "this is no certificate signing request (PKCS #10)";
    return { kind: "faulty", faults: [{ code: "not-a-request", sentence: why }] };
  }
  const { names, faults: ofNames } = checkNames(request, rules.permitted);
  const purposes = request.purposes ?? [PURPOSE.server];
  const faults = [
    ...request.malformed.map((words) => fault("malformed", words)),
    ...checkSignature(request),
    ...checkKey(request, rules.ownKeys),
    ...ofNames,
    ...checkRequests(request),
  ];
  if (faults.length > 0) return { kind: "faulty", faults };
  const isRsa = request.key.keyType === "RSA";
  return { kind: "sound", request: { spki: request.spki, isRsa, names, purposes } };
}

const fault = (code: RequestFaultCode, words: string): RequestFault => ({
  code,
  sentence: `the request ${words}`,
});

/** The signature shows that the requester has the private key. */
function checkSignature({ signed, spki }: Request): RequestFault[] {
  switch (verifySignature(signed, spki)) {
    case "valid":
      return [];
    case "unsupported":
      return [fault("signature-unsupported", "is signed by an algorithm that cannot be verified here")];
    default:
      return [
        fault("signature-invalid", "is not signed by the key that is in it: who asks may not have that key"),
      ];
  }
}

const CURVES = new Set(["P-256", "P-384", "P-521"]);
const RSA_BITS = { least: 2_048, most: 8_192 };

function checkKey(
  { key: { keyType, keyBits, curve }, spki }: Request,
  own: readonly Uint8Array[],
): RequestFault[] {
  if (own.some((each) => Buffer.compare(each, spki) === 0))
    return [fault("key-of-authority", "has the key of the authority itself")];
  const key = readKey(spki);
  if (!key) return [fault("key-unsupported", `has a key (${keyType}) that cannot be read here`)];
  if (keyType === "Ed25519") return [];
  if (keyType === "EC")
    return curve !== null && CURVES.has(curve)
      ? []
      : [fault("key-unsupported", `has a key of the curve ${curve}; make one of P-256 or P-384`)];
  if (keyType !== "RSA")
    return [fault("key-unsupported", `has a key of ${keyType}; make one of EC (P-256), RSA or Ed25519`)];
  const bits = keyBits ?? 0;
  if (bits < RSA_BITS.least || bits > RSA_BITS.most)
    return [fault("key-weak", `has an RSA key of ${formatNumber(bits)} bits; make one of 2,048 to 8,192`)];
  const exponent = key.asymmetricKeyDetails?.publicExponent ?? 0n;
  return exponent >= 65_537n && exponent % 2n === 1n
    ? []
    : [fault("key-weak", "has an RSA key whose exponent is not one that is safe to use; make another key")];
}

function readKey(spki: Uint8Array): KeyObject | null {
  try {
    return createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  } catch {
    return null;
  }
}

function checkNames({ extensions, commonName }: Request, permitted: readonly Permitted[]) {
  // Old tools write a single name as the common name.
  const requested =
    extensions.names.length > 0 ? extensions.names : commonName === null ? [] : [`DNS:${commonName}`];
  const none = {
    names: [],
    faults: [fault("no-names", "names no server; put its names among the alternative names")],
  };
  if (requested.length === 0) return none;
  if (requested.length > MOST_REQUESTED_NAMES) {
    const words = `asks for ${formatCount(requested.length, "name")}, of which ${MOST_REQUESTED_NAMES} may be in one certificate`;
    return { names: [], faults: [fault("too-many-names", words)] };
  }
  const read = requested.map((text) => ({ text, name: readName(text) }));
  const names = read.flatMap(({ name }) => name ?? []);
  const broken = read.filter(({ name }) => !name).map(({ text }) => text);
  const outside = names.filter((name) => !isPermitted(name, permitted)).map(({ text }) => text);
  const allowed = permitted.map(({ text }) => text);
  return {
    names: [...new Map(names.map((name) => [`${name.kind}:${name.text}`, name])).values()],
    faults: [
      ...(broken.length > 0
        ? [fault("name-malformed", `asks for ${formatNames(broken)}: neither a name of DNS nor an address`)]
        : []),
      ...(outside.length > 0
        ? [
            fault(
              "name-not-permitted",
              `asks for ${formatNames(outside)}, where this authority may sign for ${formatNames(allowed)} and what is below alone`,
            ),
          ]
        : []),
    ],
  };
}

function readName(text: string): CertifiedName | null {
  if (text.startsWith("IP:")) {
    const address = text.slice(3);
    if (!ipaddr.isValid(address)) return null;
    const parsed = ipaddr.parse(address);
    return { kind: "ip", text: parsed.toString(), bytes: parsed.toByteArray() };
  }
  if (!text.startsWith("DNS:")) return null;
  const [, star = "", host = ""] = /^(\*\.)?(.*)$/s.exec(text.slice(4)) ?? [];
  const name = readDnsName(host);
  return name === null ? null : { kind: "dns", text: `${star}${name}` };
}

const isPermitted = (name: CertifiedName, permitted: readonly Permitted[]): boolean =>
  name.kind === "dns" ? isNamePermitted(name.text, permitted) : isAddressPermitted(name.bytes, permitted);

function checkRequests({ purposes, extensions }: Request): RequestFault[] {
  const known: readonly string[] = Object.values(PURPOSE);
  const others = (purposes ?? []).filter((oid) => !known.includes(oid));
  return [
    ...(others.length > 0
      ? [
          fault(
            "purpose-not-permitted",
            `asks to be for ${others.slice(0, 5).map(formatPurpose).join(", ")}; TLS servers and clients are signed for alone`,
          ),
        ]
      : []),
    ...(extensions.isCa ? [fault("is-authority", "asks to be an authority itself")] : []),
  ];
}
