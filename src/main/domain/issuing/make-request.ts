import { TAG } from "#codec/der.ts";
import { bits, commonNameOf, encodeDer, extension, numberOf, objectId, sequence } from "#codec/encode-der.ts";
import type { KeyKind } from "#shared/model/key-kind.ts";
import { isAddress } from "#shared/model/target.ts";
import { PURPOSE } from "./purposes.ts";

type RequestWish = {
  /** DER of the public key. */
  spki: Uint8Array;
  key: KeyKind;
  /** DNS names and addresses, as a certificate has them. */
  names: readonly string[];
  /** It is asked for TLS servers and clients; else nothing is said of what it is for. */
  forClients?: boolean | undefined;
};

type SignHow = { hash: "SHA-256" | "SHA-384" | null; ecdsa: "der" };

const EXTENSION_REQUEST = "1.2.840.113549.1.9.14";
const NAMES = "2.5.29.17";
const PURPOSES = "2.5.29.37";
/** Upper bound of RFC 5280. */
const MOST_COMMON_NAME = 64;

/** What asks for a certificate (PKCS #10, RFC 2986), DER. The private key is wherever `sign` is. */
export async function makeRequest(
  { spki, key, names, forClients = false }: RequestWish,
  sign: (data: Uint8Array, how: SignHow) => Promise<Uint8Array>,
): Promise<Uint8Array> {
  const common = names.find((name) => name.length <= MOST_COMMON_NAME && !isAddress(name)) ?? null;
  const asked = sequence(
    extension(NAMES, sequence(...names.map(encodeName)), common === null),
    ...(forClients
      ? [extension(PURPOSES, sequence(objectId(PURPOSE.server), objectId(PURPOSE.client)))]
      : []),
  );
  const attributes = encodeDer(0xa0, sequence(objectId(EXTENSION_REQUEST), encodeDer(TAG.set, asked)));
  const info = sequence(numberOf(0), commonNameOf(common), spki, attributes);
  const { oid, hash } = ALGORITHMS[key];
  const parameters = key.startsWith("rsa") ? [encodeDer(TAG.null)] : [];
  const signature = await sign(info, { hash, ecdsa: "der" });
  return sequence(info, sequence(objectId(oid), ...parameters), bits(signature));
}

const RSA = { oid: "1.2.840.113549.1.1.11", hash: "SHA-256" } as const;

const ALGORITHMS: Record<KeyKind, { oid: string; hash: SignHow["hash"] }> = {
  p256: { oid: "1.2.840.10045.4.3.2", hash: "SHA-256" },
  p384: { oid: "1.2.840.10045.4.3.3", hash: "SHA-384" },
  "rsa-2048": RSA,
  "rsa-3072": RSA,
  "rsa-4096": RSA,
  ed25519: { oid: "1.3.101.112", hash: null },
};

const encodeName = (name: string): Buffer =>
  isAddress(name) ? encodeDer(0x87, addressBytes(name)) : encodeDer(0x82, Buffer.from(name, "latin1"));

function addressBytes(text: string): Buffer {
  if (!text.includes(":")) return Buffer.from(text.split(".").map(Number));
  const [head = "", tail] = text.split("::");
  const groups = (part: string): number[] => part.split(":").filter(Boolean).flatMap(groupBytes);
  const [first, last] = [groups(head), groups(tail ?? "")];
  return Buffer.from([
    ...first,
    ...new Array<number>(Math.max(0, 16 - first.length - last.length)).fill(0),
    ...last,
  ]);
}

/** One group of an IPv6 address; its end may be written as one of IPv4. */
function groupBytes(group: string): number[] {
  if (group.includes(".")) return group.split(".").map(Number);
  const value = Number.parseInt(group, 16);
  return [value >> 8, value & 0xff];
}
