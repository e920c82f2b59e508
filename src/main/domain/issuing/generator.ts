/**
 * What @peculiar/x509 is given where it writes a certificate or a request. Loaded where one is made, never at start-up (0058).
 *
 * It signs by a crypto provider of ours, which asks whoever has the key, and for a private key it gets a handle that is none. So
 * no key leaves where it is.
 */
import "reflect-metadata";
import { Name, SubjectAlternativeNameExtension } from "@peculiar/x509";

/** A name of a certificate; `bytes` of an address: four or sixteen. */
export type SubjectName = { kind: "dns"; text: string } | { kind: "ip"; bytes: readonly number[] };

/** How a signature is made, in the words of Web Cryptography. */
export type SigningAlgorithm = { name: string; namedCurve?: string; hash?: "SHA-256" | "SHA-384" };

/** Makes a signature; of ECDSA its two numbers stand one behind the other in their full width (IEEE P1363). */
type SignElsewhere = (data: Uint8Array) => Promise<Uint8Array>;

type KeyHandle = { type: "public" | "private"; algorithm: SigningAlgorithm; extractable: false; usages: [] };

/** What stands for a key that is elsewhere: of a private one the library reads the algorithm, and nothing else. */
export const handleOf = (type: KeyHandle["type"], algorithm: SigningAlgorithm): KeyHandle => ({
  type,
  algorithm,
  extractable: false,
  usages: [],
});

/** The sliver of Web Cryptography that the generators call. */
type SigningCrypto = {
  subtle: {
    sign(algorithm: unknown, handle: unknown, data: ArrayBuffer): Promise<ArrayBuffer>;
    exportKey(): Promise<ArrayBuffer>;
  };
};

/** `spki`: DER of the public key that the library asks for by a handle. */
export const signingCrypto = (sign: SignElsewhere, spki: Uint8Array): SigningCrypto => ({
  subtle: {
    sign: async (_algorithm, _handle, data) => Uint8Array.from(await sign(new Uint8Array(data))).buffer,
    exportKey: async () => Uint8Array.from(spki).buffer,
  },
});

/** A name of one common name, and none for null. */
export const commonNameOf = (text: string | null): Name =>
  new Name(text === null ? [] : [{ CN: [{ utf8String: text }] }]);

export const namesExtension = (names: readonly SubjectName[], isCritical: boolean) =>
  new SubjectAlternativeNameExtension(
    names.map((name) =>
      name.kind === "dns"
        ? { type: "dns" as const, value: name.text }
        : { type: "ip" as const, value: writeAddress(name.bytes) },
    ),
    isCritical,
  );

/** In full, for the library takes `::ffff:10.0.0.1` for another address. */
const writeAddress = (bytes: readonly number[]): string =>
  bytes.length === 4
    ? bytes.join(".")
    : Array.from({ length: 8 }, (_, at) =>
        ((bytes[2 * at] ?? 0) * 256 + (bytes[2 * at + 1] ?? 0)).toString(16),
      ).join(":");

/** Dates of certificates are whole seconds. */
export const wholeSeconds = (at: number): Date => new Date(Math.floor(at / 1_000) * 1_000);
