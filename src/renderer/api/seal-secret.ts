import type { Receiver, Sealed } from "#shared/model/issuers/vault.ts";
import { useApi } from "./connection.ts";

/** As net/vault/sealed-box.ts opens it. */
const CURVE = { name: "ECDH", namedCurve: "P-256" };
const INFO = new TextEncoder().encode("latchkey vault");

/**
 * Seals what was typed to the vault process, here in the page: the process that reads hosts only passes it on. Text is
 * normalized (NFC), for a character can have two encodings.
 */
export async function sealSecret({ id, publicKey: theirs }: Receiver, text: string): Promise<Sealed> {
  const plain = new TextEncoder().encode(text.normalize("NFC"));
  const receiver = fromBase64(theirs);
  const mine = await crypto.subtle.generateKey(CURVE, false, ["deriveBits"]);
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", mine.publicKey));
  const other = await crypto.subtle.importKey("raw", receiver, CURVE, false, []);
  const shared = await crypto.subtle.deriveBits({ name: "ECDH", public: other }, mine.privateKey, 256);
  const material = await crypto.subtle.importKey("raw", shared, "HKDF", false, ["deriveKey"]);
  const salt = join(publicKey, receiver);
  const key = await crypto.subtle.deriveKey(
    { name: "HKDF", hash: "SHA-256", salt, info: INFO },
    material,
    { name: "AES-GCM", length: 256 },
    false,
    ["encrypt"],
  );
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, plain));
  plain.fill(0);
  return { to: id, publicKey: toBase64(publicKey), box: toBase64(join(iv, sealed)) };
}

/** Seals to the vault process that runs now. */
export function useSeal(): (text: string) => Promise<Sealed> {
  const api = useApi();
  return async (text) => sealSecret(await api.vault.receiver.call(), text);
}

function join(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(one.length + other.length);
  joined.set(one);
  joined.set(other, one.length);
  return joined;
}

const toBase64 = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
const fromBase64 = (text: string) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
