import { readElement, viewOf } from "#codec/der.ts";
import type { Authorities } from "#shared/model/endpoint.ts";
import { readName } from "./names.ts";

/** So many are named, and the others counted: some servers name all that their system trusts. */
const MOST_NAMED = 100;
const MOST_CHARACTERS = 1_024;

/** The names of authorities, each as DER. One that cannot be read is named so. */
export const readAuthorities = (names: readonly Uint8Array[]): Authorities => ({
  names: names.slice(0, MOST_NAMED).map(readOne),
  total: names.length,
});

function readOne(der: Uint8Array): string {
  const bytes = viewOf(der);
  const element = readElement(bytes, 0, bytes.length);
  return (element && readName(bytes, element, MOST_CHARACTERS).text) || "unreadable";
}
