import { readElement, TAG, viewOf } from "#domain/x509/der.ts";
import { readCertificateBlocks } from "#domain/x509/pem.ts";
import { findPemBlocks, type PemBlock } from "#domain/x509/pem-blocks.ts";
import { readCertificate } from "#domain/x509/read-certificate.ts";
import type { Inspection } from "#shared/contract/inspect.ts";
import {
  type Found,
  type Item,
  inspectDerKey,
  inspectKeyLines,
  inspectPuttyKey,
  readPublicKeyBlock,
  toPrivateItem,
} from "./inspect-keys.ts";
import { isPrivateKeyLabel, readPrivateKeyBlock } from "./private-key.ts";

const KNOWN = "certificates, authorized_keys, known_hosts, public and private keys";

/** Tells what a file holds by its bytes, and by its name only where the bytes leave it open. Never throws. */
export function inspectBytes(name: string, bytes: Uint8Array): Inspection {
  const baseName = name.replace(/^.*[/\\]/, "");
  const view = viewOf(bytes);
  const found = inspectDer(view) ?? inspectPem(view) ?? inspectText(baseName, view) ?? unknown(view);
  return { source: name, ...found };
}

function unknown(view: Buffer): Found {
  const what = view.length === 0 ? "the file is empty" : sayForeign(view);
  return { kind: "unknown", items: [], malformed: [`${what}; ${KNOWN} can be read here`] };
}

/** Stores of keys that are told from garbage, though nothing is read in them. */
function sayForeign(view: Buffer): string {
  if (view.length > 4 && view.readUInt32BE(0) === 0xfeedfeed)
    return "this is a Java keystore, which is not read yet";
  const outer = readElement(view, 0, view.length);
  const version = outer?.tag === TAG.sequence ? readElement(view, outer.content, outer.end) : null;
  const isPkcs12 =
    version?.tag === TAG.integer && view[version.content] === 3 && version.end - version.content === 1;
  return isPkcs12
    ? "this looks like a PKCS#12 keystore, which is not read yet"
    : "nothing that is known stands in it";
}

function inspectDer(view: Buffer): Found | null {
  if (view[0] !== TAG.sequence) return null;
  return inspectCertificates([view], []) ?? inspectDerKey(view);
}

/** Null where none of them is one. */
function inspectCertificates(ders: readonly Uint8Array[], malformed: readonly string[]): Found | null {
  const items: Item[] = [];
  const problems = [...malformed];
  for (const [index, der] of ders.entries()) {
    const certificate = readCertificate(der);
    const place = ders.length === 1 ? "the certificate" : `certificate ${index + 1}`;
    if (!certificate) {
      problems.push(`${place} is not an X.509 certificate`);
      continue;
    }
    const { extensions: _, ...rest } = certificate;
    items.push({ what: "certificate", ...rest });
    problems.push(...certificate.malformed.map((why) => `${place}: ${why}`));
  }
  return items.length > 0 ? { kind: "certificates", items, malformed: problems } : null;
}

/** Null where no block is of a kind that is read here. */
function inspectPem(view: Buffer): Found | null {
  if (!view.includes("-----BEGIN ") && !view.includes("---- BEGIN ")) return null;
  // The blocks of RFC 4716 differ by a dash and a space.
  const text = view
    .toString("latin1")
    .replace(/^---- (BEGIN|END) (SSH2 PUBLIC KEY) ----/gm, "-----$1 $2-----");
  const blocks = findPemBlocks(text);
  const { ders, malformed } = readCertificateBlocks(blocks);
  const certificates = inspectCertificates(ders, malformed);
  const keys = inspectKeyBlocks(blocks);
  const problems = [...(certificates?.malformed ?? malformed), ...keys.malformed];
  const items = [...(certificates?.items ?? []), ...keys.items];
  if (items.length === 0 && problems.length === 0) return sayForeignBlocks(blocks);
  const kind = certificates || malformed.length > 0 ? "certificates" : keys.kind;
  return { kind, items, malformed: problems };
}

function inspectKeyBlocks(blocks: readonly PemBlock[]): Found {
  const found: Found = { kind: "public-key", items: [], malformed: [] };
  for (const block of blocks) {
    if (isPrivateKeyLabel(block.label)) {
      const key = readPrivateKeyBlock(block);
      found.kind = "private-key";
      found.items.push(toPrivateItem(key));
      if (key.problem !== null) found.malformed.push(`the private key at line ${block.line} ${key.problem}`);
    } else if (/^(RSA |SSH2 )?PUBLIC KEY$/.test(block.label)) {
      const item = readPublicKeyBlock(block);
      if (item) found.items.push(item);
      else found.malformed.push(`the public key at line ${block.line} ${block.problem ?? "cannot be read"}`);
    }
  }
  return found;
}

function sayForeignBlocks(blocks: readonly PemBlock[]): Found | null {
  const labels = [...new Set(blocks.map(({ label }) => label))].slice(0, 5);
  if (labels.length === 0) return null;
  const malformed = [`it holds ${labels.join(", ")}, which is not read yet; ${KNOWN} can be read here`];
  return { kind: "unknown", items: [], malformed };
}

function inspectText(name: string, view: Buffer): Found | null {
  return inspectPuttyKey(view.subarray(0, 128 * 1024).toString("latin1")) ?? inspectKeyLines(name, view);
}
