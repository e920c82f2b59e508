import { octetsOf, oidOf, openNode, partsOf, TAG, tagOf } from "#codec/der.ts";
import { HMACS, PBES2 } from "#codec/pbes2.ts";
import type { Keystore } from "./keystore.ts";
import { readDerivation } from "./pbe.ts";

/**
 * Bouncy Castle's BCFKS: ObjectStore { { algorithm, encrypted content }, { HMAC, derivation, code } }. It is encrypted as
 * a whole, by AES in modes that other keystores do not use, so that it is told of as locked. Null where it is none.
 */
export function readBcfks(bytes: Buffer): Keystore | null {
  const store = openNode(bytes);
  const [data, check] = partsOf(store);
  const [algorithm, content] = partsOf(data);
  const [hmac, derivation, code] = partsOf(check);
  const [scheme, parameters] = partsOf(algorithm);
  if (store?.element.tag !== TAG.sequence || store.element.end !== bytes.length) return null;
  if (tagOf(data) !== TAG.sequence || oidOf(scheme) !== PBES2 || !octetsOf(content)) return null;
  const isSigned = tagOf(check) === 0xa0;
  if (!isSigned && (!HMACS.has(oidOf(partsOf(hmac)[0]) ?? "") || !octetsOf(code))) return null;
  const kdf = readDerivation(partsOf(parameters)[0]) ?? readDerivation(derivation);
  return {
    format: "BCFKS",
    state: "locked",
    entries: [],
    malformed: [],
    integrity: "not-checked",
    protection: kdf ? `AES over the whole store by ${kdf.words}` : "AES over the whole store",
    lock: {
      canBeOpened: false,
      why: "it is encrypted as a whole in a way that is not known here: list it with keytool and Bouncy Castle's provider",
      work: 0,
    },
  };
}
