import { decodePem, findPemBlocks, type PemBlock, readCertificateBlocks } from "#codec/pem.ts";
import { looksLikeKubernetes, readKubernetes } from "#domain/keystores/kubernetes.ts";
import { addCertificate, type Found, type Item, type Trial, takeEnvelope, takeStore } from "./found.ts";
import { inspectDerKey, readPublicKeyBlock, takeLockedKey, toPrivateItem } from "./inspect-keys.ts";
import { isPrivateKeyLabel, readPrivateKeyBlock } from "./read-private-key.ts";

const CERTIFICATE = /^(X509 |TRUSTED )?CERTIFICATE$/;
/** Blocks that stand beside keys and mean nothing by themselves. */
const PARAMETERS = /PARAMETERS$/;
const PUBLIC_KEY = /^(RSA |SSH2 )?PUBLIC KEY$/;

/** Null where the text has no block of PEM, nor of RFC 4716. */
export function inspectPem(view: Buffer, trial: Trial): Found | null {
  if (!view.includes("-----BEGIN ") && !view.includes("---- BEGIN ")) return null;
  // The blocks of RFC 4716 differ by a dash and a space.
  const text = view
    .toString("latin1")
    .replace(/^---- (BEGIN|END) (SSH2 PUBLIC KEY) ----/gm, "-----$1 $2-----");
  const blocks = findPemBlocks(text);
  if (blocks.length === 0) return null;
  const found: Found = { kind: "unknown", items: [], malformed: [] };
  takeCertificates(found, blocks);
  for (const block of blocks) {
    if (isPrivateKeyLabel(block.label)) takePrivateKey(found, block, trial);
    else if (PUBLIC_KEY.test(block.label)) takePublicKey(found, block);
    else if (!CERTIFICATE.test(block.label)) takeOther(found, block, trial);
  }
  found.malformed.push(...formatMisfits(found.items));
  return found.items.length === 0 && found.malformed.length === 0 && !found.stores ? null : found;
}

function takeCertificates(found: Found, blocks: readonly PemBlock[]): void {
  const { ders, malformed } = readCertificateBlocks(blocks);
  found.malformed.push(...malformed);
  for (const [index, der] of ders.entries())
    addCertificate(found, der, {
      location: ders.length === 1 ? "the certificate" : `certificate ${index + 1}`,
    });
  if (ders.length > 0 || malformed.length > 0) found.kind = "certificates";
}

function takePrivateKey(found: Found, block: PemBlock, trial: Trial): void {
  const key = readPrivateKeyBlock(block);
  if (found.kind === "unknown" || found.kind === "public-key") found.kind = "private-key";
  if (key.lock) takeLockedKey(found, key.lock, trial);
  else found.items.push(toPrivateItem(key));
  if (key.problem !== null) found.malformed.push(`the private key at line ${block.line} ${key.problem}`);
}

function takePublicKey(found: Found, block: PemBlock): void {
  if (found.kind === "unknown") found.kind = "public-key";
  const item = readPublicKeyBlock(block);
  if (item) found.items.push(item);
  else found.malformed.push(`the public key at line ${block.line} ${block.problem ?? "cannot be read"}`);
}

/** PKCS#7, revocation lists, requests, parameters: by their bytes, whatever the label says. */
function takeOther(found: Found, { label, line, lines, problem }: PemBlock, trial: Trial): void {
  const location = `the ${label.slice(0, 60)} at line ${line}`;
  const bytes = problem === null ? decodePem(lines.filter((text) => !text.includes(":"))) : null;
  if (!bytes) {
    found.malformed.push(`${location} ${problem ?? "is not base64"}`);
    return;
  }
  if (takeStore(found, bytes, "", trial) || takeEnvelope(found, bytes, location)) return;
  if (PARAMETERS.test(label) && found.kind !== "unknown") return;
  if (found.kind === "unknown") found.kind = "other";
  found.malformed.push(`${location} is not read here`);
}

/**
 * Reports a private key in a file that fits none of the certificates beside it. Only keys whose public key is known are
 * compared, and only if an end entity's certificate stands beside them.
 */
function formatMisfits(items: readonly Item[]): string[] {
  const certificates = items.filter((item) => item.what === "certificate");
  if (!certificates.some(({ isCa }) => !isCa)) return [];
  const held = new Set(certificates.map(({ spkiSha256 }) => spkiSha256));
  const keys = items.filter((item) => item.what === "private-key");
  return keys.flatMap(({ spkiSha256 }, index) => {
    if (spkiSha256 === null || held.has(spkiSha256)) return [];
    const which = keys.length === 1 ? "the private key" : `private key ${index + 1}`;
    return [`${which} fits none of the certificates that stand beside it`];
  });
}

/** Whether only parsing YAML can tell: that is slow enough to be done where it can be stopped. */
export const isKubernetes = (view: Buffer): boolean =>
  !view.includes(0) && looksLikeKubernetes(view.toString("utf8"));

/** What a kubeconfig, Secret or ConfigMap holds, each part with its position; null if the text is none. */
export function inspectKubernetes(view: Buffer, trial: Trial): Found | null {
  const file = view.includes(0) ? null : readKubernetes(view.toString("utf8"));
  if (!file) return null;
  const { kind, parts, malformed } = file;
  const found: Found = { kind, items: [], malformed: [...malformed] };
  for (const { location, bytes, isExpected } of parts) {
    const part = inspectPart(bytes, location, trial);
    if (part) merge(found, part, location);
    else if (isExpected) found.malformed.push(`${location} cannot be read`);
  }
  return found;
}

function inspectPart(bytes: Buffer, location: string, trial: Trial): Found | null {
  const found: Found = { kind: "unknown", items: [], malformed: [] };
  if (takeStore(found, bytes, location, trial)) return found;
  if (bytes[0] === 0x30) addCertificate(found, bytes, { location: "the certificate" });
  return found.items.length > 0 ? found : (inspectDerKey(bytes) ?? inspectPem(bytes, trial));
}

/** Items and stores get their position; the sentences about a store have it already. */
function merge(found: Found, part: Found, location: string): void {
  const shift = found.stores?.length ?? 0;
  const isStore = part.stores !== undefined;
  found.stores = [...(found.stores ?? []), ...(part.stores ?? [])];
  for (const item of part.items) {
    if (item.what !== "certificate") found.items.push({ ...item, location });
    else {
      const entry = item.entry && { ...item.entry, store: item.entry.store + shift };
      found.items.push({ ...item, location, entry });
    }
  }
  found.malformed.push(...part.malformed.map((why) => (isStore ? why : `${location}: ${why}`)));
  found.wantsPassword =
    part.wantsPassword === "to-open" ? "to-open" : (found.wantsPassword ?? part.wantsPassword ?? null);
  found.isWrongPassword = (found.isWrongPassword ?? false) || (part.isWrongPassword ?? false);
}
