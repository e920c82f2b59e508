import { type Element, readChildren, readElement, TAG, viewOf } from "#domain/x509/der.ts";
import { readObjectId } from "#domain/x509/oids.ts";

/**
 * A piece of ASN.1 under the hand of those who read keystores: it answers null, or nothing, wherever the bytes are not
 * what was asked for, and never throws.
 */
export type Node = { bytes: Buffer; element: Element };

/** Members of one list; a keystore that has more is cut. */
const MOST_CHILDREN = 100_000;

export function openNode(given: Uint8Array): Node | null {
  const bytes = viewOf(given);
  const element = readElement(bytes, 0, bytes.length);
  return element && { bytes, element };
}

/** The parts of a sequence, a set or a tagged element; none where it is something else. */
export function partsOf(node: Node | null | undefined): Node[] {
  if (!node || (node.element.tag & 0x20) === 0) return [];
  const parts = readChildren(node.bytes, node.element, MOST_CHILDREN) ?? [];
  return parts.map((element) => ({ bytes: node.bytes, element }));
}

/** The content of an element of this tag; null for any other. */
export function contentOf(node: Node | null | undefined, tag: number): Buffer | null {
  if (node?.element.tag !== tag) return null;
  return node.bytes.subarray(node.element.content, node.element.end);
}

export const octetsOf = (node: Node | null | undefined): Buffer | null => contentOf(node, TAG.octetString);

/** Header and content: the element as it stands. */
export const wholeOf = ({ bytes, element }: Node): Buffer => bytes.subarray(element.start, element.end);

/** Dotted; null where it is no object identifier. */
export function oidOf(node: Node | null | undefined): string | null {
  if (node?.element.tag !== TAG.oid) return null;
  return readObjectId(node.bytes, node.element)?.oid ?? null;
}

/** A whole number from 0; infinite where it is beyond six bytes. Null for any other element. */
export function numberOf(node: Node | null | undefined): number | null {
  const content = contentOf(node, TAG.integer);
  if (!content || content.length === 0 || (content[0] ?? 0) > 0x7f) return null;
  return content.length > 6 ? Number.POSITIVE_INFINITY : content.readUIntBE(0, content.length);
}

export const tagOf = (node: Node | null | undefined): number | null => node?.element.tag ?? null;
