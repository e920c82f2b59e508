import { encodeDer, readChildren, readElement, TAG, viewOf } from "#codec/der.ts";

const DSA = "2a8648ce380401";

/** A DSA key may leave its parameters to its issuer's (RFC 3279, section 2.3.2). */
export function inheritsParameters(spki: Uint8Array): boolean {
  const parts = openKey(spki);
  return parts?.isDsa === true && parts.parameters === null;
}

/** The key with the parameters that it inherits, where it does and there are any. */
export function completeKey(spki: Uint8Array, issuerKey: Uint8Array): Uint8Array {
  const parts = openKey(spki);
  if (!parts?.isDsa || parts.parameters) return spki;
  const above = openKey(issuerKey);
  if (!above?.isDsa || !above.parameters) return spki;
  return encodeDer(TAG.sequence, encodeDer(TAG.sequence, parts.id, above.parameters), parts.bits);
}

type KeyParts = { isDsa: boolean; id: Buffer; parameters: Buffer | null; bits: Buffer };

function openKey(spki: Uint8Array): KeyParts | null {
  const view = viewOf(spki);
  const outer = readElement(view, 0, view.length);
  const [algorithm, bits] = (outer?.tag === TAG.sequence && readChildren(view, outer, 2)) || [];
  const [id, parameters] = (algorithm?.tag === TAG.sequence && readChildren(view, algorithm, 2)) || [];
  if (!id || bits?.tag !== TAG.bitString) return null;
  return {
    isDsa: view.toString("hex", id.content, id.end) === DSA,
    id: view.subarray(id.start, id.end),
    parameters: parameters?.tag === TAG.sequence ? view.subarray(parameters.start, parameters.end) : null,
    bits: view.subarray(bits.start, bits.end),
  };
}
