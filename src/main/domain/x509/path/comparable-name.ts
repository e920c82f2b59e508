import { type Element, printOid, readChildren, readElement, TAG, viewOf } from "#codec/der.ts";
import { type CanonicalName, readCanonicalName } from "./canonical-name.ts";

/** A GeneralName (RFC 5280, section 4.2.1.6) as a value to compare; ../general-names.ts has it as text to show. */
export type ComparableName =
  | { form: "email" | "dns" | "uri"; value: string }
  | { form: "ip"; value: Uint8Array }
  | { form: "directory"; value: CanonicalName }
  /** A form that is not compared: otherName, x400Address, ediPartyName, registeredID. The first and the last have an identifier. */
  | { form: "other"; tag: number; type: string | null };

const FORMS = new Map([
  [0x81, "email"],
  [0x82, "dns"],
  [0x86, "uri"],
] as const);

const IP = 0x87;
const DIRECTORY = 0xa4;

/** Null where it is not of the form that it claims. */
export function readComparableName(bytes: Uint8Array, element: Element): ComparableName | null {
  const view = viewOf(bytes);
  const { tag, content, end } = element;
  const form = FORMS.get(tag as 0x81 | 0x82 | 0x86);
  if (form) return { form, value: view.toString("latin1", content, end) };
  if (tag === IP) return { form: "ip", value: view.subarray(content, end) };
  if (tag !== DIRECTORY) return readOther(view, element);
  const inner = readElement(view, content, end);
  const value = inner?.end === end ? readCanonicalName(view, inner) : null;
  return value && { form: "directory", value };
}

const OTHER_NAME = 0xa0;
const X400_ADDRESS = 0xa3;
const EDI_PARTY_NAME = 0xa5;
const REGISTERED_ID = 0x88;

/** The kinds that have an identifier have to have one. */
function readOther(view: Buffer, element: Element): ComparableName | null {
  const { tag } = element;
  const type = readType(view, element);
  const isNamed = tag === OTHER_NAME || tag === REGISTERED_ID;
  if (isNamed ? type === null : tag !== X400_ADDRESS && tag !== EDI_PARTY_NAME) return null;
  return { form: "other", tag, type };
}

function readType(view: Buffer, { tag, content, end }: Element): string | null {
  if (tag === REGISTERED_ID) return printOid(view.subarray(content, end));
  const id = tag === OTHER_NAME ? readElement(view, content, end) : null;
  return id?.tag === TAG.oid ? printOid(view.subarray(id.content, id.end)) : null;
}

const KINDS = new Map([
  [OTHER_NAME, "otherName"],
  [X400_ADDRESS, "x400Address"],
  [EDI_PARTY_NAME, "ediPartyName"],
  [REGISTERED_ID, "registeredID"],
]);

/** A kind that is not compared, as RFC 5280 names it: "otherName 1.3.6.1.4.1.311.20.2.3". */
export const formatKind = ({ tag, type }: { tag: number; type: string | null }): string =>
  `${KINDS.get(tag) ?? `number ${tag & 0x1f}`}${type === null ? "" : ` ${type}`}`;

/** All names inside an element; null where one of them cannot be read, or there are more than `most`. */
export function readComparableNames(bytes: Uint8Array, list: Element, most: number): ComparableName[] | null {
  const parts = readChildren(viewOf(bytes), list, most);
  if (!parts) return null;
  const names: ComparableName[] = [];
  for (const part of parts) {
    const name = readComparableName(bytes, part);
    if (!name) return null;
    names.push(name);
  }
  return names;
}

/** Equal for equal names; null for a form that is not compared. */
export function keyOfName(name: ComparableName): string | null {
  switch (name.form) {
    case "directory":
      return `directory:${name.value.key}`;
    case "ip":
      return `ip:${viewOf(name.value).toString("hex")}`;
    case "other":
      return null;
    default:
      return `${name.form}:${name.value.toLowerCase()}`;
  }
}

/** A name of text as people read it: ASCII by the rules, UTF-8 where they are broken. */
export const formatText = (value: string): string => Buffer.from(value, "latin1").toString("utf8");
