import { type Element, readElement, TAG } from "#codec/der.ts";
import type { Extension } from "#shared/model/certificate.ts";
import { EXTENSION_READERS, readBasicConstraints } from "./extension-words.ts";
import { MOST_NAMES, readGeneralName } from "./general-names.ts";
import { longNameOf, type ObjectId, readObjectId } from "./oids.ts";

export type Extensions = {
  extensions: Extension[];
  names: string[];
  isCa: boolean;
  malformed: string[];
};

const MOST_EXTENSIONS = 256;

export const noExtensions = (): Extensions => ({ extensions: [], names: [], isCa: false, malformed: [] });

/** Reads the extensions in `wrapper` ([3] of the certificate), each on its own. */
export function readExtensions(bytes: Buffer, wrapper: Element): Extensions {
  const found = noExtensions();
  const list = readElement(bytes, wrapper.content, wrapper.end);
  const { parts, isWhole } =
    list?.tag === TAG.sequence
      ? readUntilBroken(bytes, list, MOST_EXTENSIONS)
      : { parts: [], isWhole: false };
  if (!isWhole) {
    found.malformed.push(`the list of extensions cannot be read beyond the first ${parts.length}`);
  }
  const met = new Set<string>();
  for (const part of parts) readExtension(bytes, part, found, met);
  return found;
}

/** The parts of a list up to the first that is broken, or the most that are read. */
function readUntilBroken(bytes: Buffer, list: Element, most: number): { parts: Element[]; isWhole: boolean } {
  const parts: Element[] = [];
  for (let at = list.content; at < list.end; ) {
    const part = readElement(bytes, at, list.end);
    if (!part || parts.length === most) return { parts, isWhole: false };
    parts.push(part);
    at = part.end;
  }
  return { parts, isWhole: true };
}

function readExtension(bytes: Buffer, part: Element, found: Extensions, met: Set<string>): void {
  const opened = openExtension(bytes, part);
  if (!opened) {
    found.malformed.push(`extension ${found.extensions.length + 1} is not an extension`);
    found.extensions.push({
      oid: "",
      name: "unreadable",
      isCritical: false,
      value: null,
      malformed: "is not an extension",
    });
    return;
  }
  const { object, isCritical, value } = opened;
  const name = longNameOf(object);
  const content = readElement(bytes, value.content, value.end);
  const read = readValue(bytes, object, { value, content });
  found.extensions.push({ oid: object.oid, name, isCritical, value: read.value, malformed: read.malformed });
  if (read.malformed !== null) found.malformed.push(`extension ${name} ${read.malformed}`);
  if (met.has(object.oid)) {
    found.malformed.push(`extension ${name} stands in it more than once; the first one counts`);
    return;
  }
  met.add(object.oid);
  if (!content) return;
  if (object.shortName === "basicConstraints")
    found.isCa = readBasicConstraints(bytes, content)?.isCa ?? false;
  if (object.shortName === "subjectAltName") takeNames(bytes, content, found);
}

/** Extension: identifier, whether it is critical (false when left out), an octet string around its content. */
function openExtension(
  bytes: Buffer,
  part: Element,
): { object: ObjectId; isCritical: boolean; value: Element } | null {
  const id = part.tag === TAG.sequence ? readElement(bytes, part.content, part.end) : null;
  const second = id && readElement(bytes, id.end, part.end);
  const flag = second?.tag === TAG.boolean ? second : null;
  const value = flag ? readElement(bytes, flag.end, part.end) : second;
  const object = id?.tag === TAG.oid ? readObjectId(bytes, id) : null;
  if (!object || value?.tag !== TAG.octetString || value.end !== part.end) return null;
  return { object, isCritical: flag !== null && bytes[flag.content] !== 0, value };
}

const UNKNOWN: Pick<Extension, "value" | "malformed"> = { value: null, malformed: null };

function readValue(
  bytes: Buffer,
  object: ObjectId,
  { value, content }: { value: Element; content: Element | null },
): Pick<Extension, "value" | "malformed"> {
  const read = EXTENSION_READERS.get(object.shortName ?? "");
  if (!read) return UNKNOWN;
  const words = content && read(bytes, content);
  if (!content || words === null) return { value: null, malformed: "cannot be read" };
  const extra = value.end - content.end;
  return {
    value: words,
    malformed: extra === 0 ? null : `is followed by ${extra} bytes that do not belong to it`,
  };
}

/** Those that stand before the first that is broken are not lost. */
function takeNames(bytes: Buffer, content: Element, found: Extensions): void {
  const { parts, isWhole } =
    content.tag === TAG.sequence
      ? readUntilBroken(bytes, content, MOST_NAMES)
      : { parts: [], isWhole: false };
  if (!isWhole) found.malformed.push(`its names cannot be read beyond the first ${parts.length}`);
  for (const part of parts) {
    const { text, malformed } = readGeneralName(bytes, part);
    found.names.push(text);
    if (malformed !== null) found.malformed.push(malformed);
  }
}
