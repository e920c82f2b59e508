import { parseAllDocuments } from "yaml";
import { decodeAnyBase64 } from "#codec/base64.ts";

/** A piece of a Kubernetes file that may hold a certificate, a key or a keystore. */
export type HeldPart = {
  /** `tls.crt of Secret shop/shop-tls`, `client-certificate-data of user admin`. */
  location: string;
  bytes: Buffer;
  /** By its name it must be one. Everything else that a Secret holds is ignored. */
  isExpected: boolean;
};

export type KubernetesFile = {
  kind: "kubeconfig" | "kubernetes-secret";
  parts: HeldPart[];
  malformed: string[];
};

/** Limits for YAML: at most this many characters, and no alias that multiplies. */
const MOST_CHARACTERS = 4 * 1024 * 1024;
const MOST_ALIASES = 100;
const MOST_PARTS = 20_000;

/** A field in which a file names itself; JSON, which is YAML, included. */
const KIND = /(?:^|[{,\s"])kind["']?\s*:\s*["']?(Config|Secret|SecretList|ConfigMap|ConfigMapList|List)\b/;

/** Whether a text is worth parsing as YAML, which is slow. */
export const looksLikeKubernetes = (text: string): boolean =>
  text.length <= MOST_CHARACTERS && (KIND.test(text) || /^clusters:\s*$/m.test(text));

/** What kubeconfigs, Secrets and ConfigMaps hold; null if the text is none of them. */
export function readKubernetes(text: string): KubernetesFile | null {
  if (!looksLikeKubernetes(text)) return null;
  const file: KubernetesFile = { kind: "kubernetes-secret", parts: [], malformed: [] };
  let isKnown = false;
  for (const [index, document] of parseDocuments(text).entries()) {
    if ("why" in document) file.malformed.push(`document ${index + 1} is not YAML: ${document.why}`);
    else isKnown = takeObject(document.value, file, 0) || isKnown;
  }
  return isKnown ? file : null;
}

type Document = { value: unknown } | { why: string };

function parseDocuments(text: string): Document[] {
  try {
    const documents = parseAllDocuments(text, { strict: false, uniqueKeys: false, logLevel: "silent" });
    return [...documents].map((document) => {
      const [error] = document.errors;
      return error
        ? { why: firstLine(error.message) }
        : { value: document.toJS({ maxAliasCount: MOST_ALIASES }) };
    });
  } catch (error) {
    return [{ why: error instanceof Error ? firstLine(error.message) : "it cannot be read" }];
  }
}

/** Without the excerpt that follows, which may quote a secret. */
// biome-ignore lint/plugin: it is cut, and not read
const firstLine = (message: string): string => (message.split("\n")[0] ?? "").replace(/:$/, "").slice(0, 200);

const MOST_DEPTH = 4;

function takeObject(value: unknown, file: KubernetesFile, depth: number): boolean {
  const { kind, items } = fieldsOf(value);
  if (kind === "Config" || (kind === undefined && Array.isArray(fieldsOf(value).clusters))) {
    file.kind = "kubeconfig";
    takeKubeconfig(fieldsOf(value), file);
    return true;
  }
  if (kind === "Secret" || kind === "ConfigMap") {
    takeData(kind, fieldsOf(value), file);
    return true;
  }
  if (!Array.isArray(items) || depth === MOST_DEPTH) return false;
  return items.map((item) => takeObject(item, file, depth + 1)).includes(true);
}

type Fields = Record<string, unknown>;

const fieldsOf = (value: unknown): Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Fields) : {};

const textOf = (value: unknown): string | null => (typeof value === "string" ? value : null);

function takeKubeconfig(config: Fields, file: KubernetesFile): void {
  const lists = [
    { list: config.clusters, what: "cluster", fields: ["certificate-authority"] },
    { list: config.users, what: "user", fields: ["client-certificate", "client-key"] },
  ];
  for (const { list, what, fields } of lists) {
    for (const member of Array.isArray(list) ? list : []) {
      const owner = `${what} ${textOf(fieldsOf(member).name) ?? "without a name"}`;
      const held = fieldsOf(fieldsOf(member)[what]);
      for (const field of fields) takeField(held, field, owner, file);
    }
  }
}

/** Either the content itself in base64, or the path of another file, which is not read. */
function takeField(held: Fields, field: string, owner: string, file: KubernetesFile): void {
  const data = textOf(held[`${field}-data`]);
  const path = textOf(held[field]);
  if (data) addPart(file, { location: `${field}-data of ${owner}`, base64: data, isExpected: true });
  if (path) file.malformed.push(`${field} of ${owner} is in a file of its own, ${path}: inspect that, too`);
}

const EXPECTED = new Set(["tls.crt", "tls.key", "ca.crt"]);

function takeData(kind: "Secret" | "ConfigMap", object: Fields, file: KubernetesFile): void {
  const { name, namespace } = fieldsOf(object.metadata);
  const owner = `${kind} ${[textOf(namespace), textOf(name) ?? "without a name"].filter(Boolean).join("/")}`;
  const plain = kind === "Secret" ? object.stringData : object.data;
  const encoded = kind === "Secret" ? object.data : object.binaryData;
  for (const [key, value] of Object.entries(fieldsOf(encoded))) {
    const base64 = textOf(value);
    if (base64) addPart(file, { location: `${key} of ${owner}`, base64, isExpected: EXPECTED.has(key) });
  }
  for (const [key, value] of Object.entries(fieldsOf(plain))) {
    const text = textOf(value);
    if (text?.includes("-----BEGIN ") && file.parts.length < MOST_PARTS)
      file.parts.push({
        location: `${key} of ${owner}`,
        bytes: Buffer.from(text),
        isExpected: EXPECTED.has(key),
      });
  }
}

type Encoded = { location: string; base64: string; isExpected: boolean };

function addPart(file: KubernetesFile, { location, base64, isExpected }: Encoded): void {
  if (file.parts.length >= MOST_PARTS) return;
  const bytes = decodeAnyBase64(base64);
  if (bytes) file.parts.push({ location, bytes, isExpected });
  else if (isExpected) file.malformed.push(`${location} is not base64`);
}
