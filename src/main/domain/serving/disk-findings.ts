import type { Collection, KeyFile } from "#domain/collection/collection.ts";
import { isOfKubernetes } from "#domain/collection/usual-places.ts";
import type { Configuration, Pair } from "#domain/server-configs/configuration.ts";
import type { Certificate } from "#shared/model/certificate.ts";
import type { FindingDraft } from "#shared/model/finding.ts";
import { spkiHashOf } from "./spki-hash.ts";

export type ReadFile = { path: string; certificates: readonly { certificate: Certificate }[] };

type Disk = { collection: Collection; configurations: readonly Configuration[]; files: readonly ReadFile[] };

/** What is wrong with the files of certificates and keys on a host, each by itself and beside each other. */
export function findDiskProblems(disk: Disk): FindingDraft[] {
  return [
    ...findPairProblems(disk),
    ...findLonelyKeys(disk),
    ...findUnnamedFiles(disk),
    ...findOpenStores(disk.collection),
  ];
}

/** Certificate and key that a configuration names together. */
function findPairProblems({ collection, configurations, files }: Disk): FindingDraft[] {
  const keys = new Map(collection.keyFiles.map((file) => [file.path, file]));
  const absent = new Set(
    collection.unread.filter(({ why }) => why === "no such file").map(({ path }) => path),
  );
  const firstIn = new Map(
    files.map(({ path, certificates }) => [path, certificates[0]?.certificate ?? null]),
  );
  const pairs = configurations.flatMap(({ servings }) => servings.flatMap((serving) => serving.pairs));
  const seen = new Set<string>();
  return pairs.flatMap((pair) => {
    const certificate = firstIn.get(pair.certificate.path);
    const path = pair.key?.path ?? pair.certificate.path;
    const id = `${pair.certificate.path}\n${path}`;
    if (!certificate || seen.has(id)) return [];
    seen.add(id);
    const key = keys.get(path);
    if (key) return judgePair(pair, { certificate, key });
    return pair.key && absent.has(path) ? [withoutKey(pair, certificate)] : [];
  });
}

/** Nothing is said of a key whose public half is not known. */
function judgePair(
  { certificate: named, key: namedKey }: Pair,
  { certificate, key }: { certificate: Certificate; key: KeyFile },
): FindingDraft[] {
  const spki = spkiHashOf(key.spki);
  if (spki === null || spki === certificate.spkiSha256) return [];
  return [
    {
      rule: "certificate-key-mismatch",
      about: { kind: "key-file", path: key.path },
      label: key.path,
      severity: "high",
      sentence: `${key.path} is not the key of the certificate in ${named.path}: the server cannot serve them together`,
      evidence: [
        `${named.directive} in ${named.at.file}:${named.at.line}`,
        ...(namedKey ? [`${namedKey.directive} in ${namedKey.at.file}:${namedKey.at.line}`] : []),
        `the certificate is for the key with SHA-256 ${certificate.spkiSha256}, the file holds ${spki}`,
      ],
      remedy: "put the certificate and the key of one issuance there before the server is started again",
    },
  ];
}

const withoutKey = ({ certificate: named, key }: Pair, certificate: Certificate): FindingDraft => ({
  rule: "certificate-without-key",
  about: { kind: "certificate", sha256: certificate.sha256 },
  label: certificate.subject,
  severity: "high",
  sentence: `its key is to be in ${key?.path ?? named.path}, and there is no such file: the server cannot start with it`,
  evidence: [
    `${named.directive} in ${named.at.file}:${named.at.line}`,
    `${named.path} holds the certificate`,
  ],
  remedy: "put the key there, or correct the configuration before the server is started again",
});

/** Keys where servers keep theirs; those of people and of hosts are judged as keys of SSH. */
function findLonelyKeys({ collection, configurations, files }: Disk): FindingDraft[] {
  const certified = new Set(
    files.flatMap(({ certificates }) => certificates.map(({ certificate }) => certificate.spkiSha256)),
  );
  const named = namedPaths(configurations);
  // What was not read may hold the certificate.
  if (collection.unread.some(({ kind }) => kind === "certificate-file" || kind === "limit")) return [];
  if (collection.incomplete !== null) return [];
  return collection.keyFiles.flatMap((file): FindingDraft[] => {
    const spki = spkiHashOf(file.spki);
    const isServers = /^\/etc\/(ssl|pki|letsencrypt)\//.test(file.path) || named.has(file.path);
    if (spki === null || !isServers || certified.has(spki)) return [];
    return [
      {
        rule: "tls-key-without-certificate",
        about: { kind: "key-file", path: file.path },
        label: file.path,
        severity: "low",
        sentence: "no certificate that was found on this host is for this private key",
        evidence: [file.path, `key with SHA-256 ${spki}`],
        remedy:
          "delete it if nothing uses it: a key that nobody misses is one that nobody misses when it is copied",
      },
    ];
  });
}

/** End-entity certificates in files that no configuration names; nothing is said where one could not be read. */
function findUnnamedFiles({ collection, configurations, files }: Disk): FindingDraft[] {
  const isWhole =
    collection.incomplete === null &&
    !collection.unread.some(({ kind }) => kind === "server-config" || kind === "limit") &&
    configurations.every(({ mayLack, unknown }) => mayLack === null && unknown.length === 0);
  if (configurations.length === 0 || !isWhole) return [];
  const real = (path: string) => collection.diskFiles.get(path)?.realPath ?? path;
  const named = new Set([...namedPaths(configurations)].flatMap((path) => [path, real(path)]));
  const stores = new Set(collection.keystores.map(({ path }) => path));
  const held = new Set(
    files
      .filter(({ path }) => named.has(path) || named.has(real(path)))
      .flatMap(({ certificates }) => certificates.map(({ certificate }) => certificate.sha256)),
  );
  return files.flatMap(({ path, certificates }): FindingDraft[] => {
    const leaf = certificates[0]?.certificate;
    // A part of what is named, such as certbot's cert.pem beside its fullchain.pem, is no other certificate.
    if (!leaf || leaf.isCa || held.has(leaf.sha256) || stores.has(path)) return [];
    // What Kubernetes is told to use is not read.
    if (isOfKubernetes(path)) return [];
    return [
      {
        rule: "certificate-file-unnamed",
        about: { kind: "certificate", sha256: leaf.sha256 },
        label: leaf.subject,
        severity: "info",
        sentence: `it lies in ${path}, which no server configuration that was read names`,
        evidence: [
          path,
          `read: ${configurations.map(({ server, root }) => `${server} (${root})`).join(", ")}`,
        ],
        remedy: "see whether a program of its own reads it; if none does, delete it together with its key",
      },
    ];
  });
}

function findOpenStores({ keystores }: Collection): FindingDraft[] {
  const open = keystores.filter(({ state }) => state === "default");
  if (open.length === 0) return [];
  return [
    {
      rule: "keystore-default-password",
      about: { kind: "host" },
      label: open.map(({ path }) => path).join(", "),
      severity: "medium",
      sentence: `${open.length === 1 ? "a keystore opens" : `${open.length} keystores open`} with a password that everybody knows`,
      evidence: open.map(({ path, password }) => `${path} opens with ${password}`),
      remedy: "give the store a password of its own (keytool -storepasswd), and let only its owner read it",
    },
  ];
}

/** Every file that a configuration names, for whatever use. */
export function namedPaths(configurations: readonly Configuration[]): ReadonlySet<string> {
  return new Set(
    configurations.flatMap(({ servings, alsoNamed }) => [
      ...alsoNamed.map(({ path }) => path),
      ...servings.flatMap(({ pairs, chain }) => [
        ...pairs.flatMap(({ certificate, key }) => [certificate.path, ...(key ? [key.path] : [])]),
        ...(chain ? [chain.path] : []),
      ]),
    ]),
  );
}
