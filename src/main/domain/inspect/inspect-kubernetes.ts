import { looksLikeKubernetes, readKubernetes } from "#domain/keystores/kubernetes.ts";
import { addCertificate, type Found, type Trial } from "./found.ts";
import { inspectDerKey } from "./inspect-keys.ts";
import { inspectPem } from "./inspect-pem.ts";
import { takeStore } from "./inspect-stores.ts";

/** Whether it takes reading YAML to know: slow enough to be done where it can be stopped. */
export const isKubernetes = (view: Buffer): boolean =>
  !view.includes(0) && looksLikeKubernetes(view.toString("utf8"));

/** What a kubeconfig, Secret or ConfigMap carries, each part by where it stands; null where the text is none. */
export function inspectKubernetes(view: Buffer, trial: Trial): Found | null {
  const file = view.includes(0) ? null : readKubernetes(view.toString("utf8"));
  if (!file) return null;
  const { kind, parts, malformed } = file;
  const found: Found = { kind, items: [], malformed: [...malformed] };
  for (const { place, bytes, isExpected } of parts) {
    const part = inspectPart(bytes, place, trial);
    if (part) merge(found, part, place);
    else if (isExpected) found.malformed.push(`${place} cannot be read`);
  }
  return found;
}

function inspectPart(bytes: Buffer, place: string, trial: Trial): Found | null {
  const found: Found = { kind: "unknown", items: [], malformed: [] };
  if (takeStore(found, bytes, place, trial)) return found;
  if (bytes[0] === 0x30) addCertificate(found, bytes, { place: "the certificate" });
  return found.items.length > 0 ? found : (inspectDerKey(bytes) ?? inspectPem(bytes, trial));
}

/** Items and stores are told where they stand; the sentences about a store say it already. */
function merge(found: Found, part: Found, place: string): void {
  const shift = found.stores?.length ?? 0;
  const isStore = part.stores !== undefined;
  found.stores = [...(found.stores ?? []), ...(part.stores ?? [])];
  for (const item of part.items) {
    if (item.what !== "certificate") found.items.push({ ...item, place });
    else {
      const entry = item.entry && { ...item.entry, store: item.entry.store + shift };
      found.items.push({ ...item, place, entry });
    }
  }
  found.malformed.push(...part.malformed.map((why) => (isStore ? why : `${place}: ${why}`)));
  found.wantsPassword =
    part.wantsPassword === "to-open" ? "to-open" : (found.wantsPassword ?? part.wantsPassword ?? null);
  found.isWrongPassword = (found.isWrongPassword ?? false) || (part.isWrongPassword ?? false);
}
