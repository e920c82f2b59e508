import type { Collection } from "#domain/collection/collection.ts";
import { isOfKubernetes } from "#domain/collection/paths.ts";
import type { Configuration, Named } from "#domain/server-configs/configuration.ts";
import { findClash } from "#domain/server-configs/deployments-for-client.ts";
import type { Certificate } from "#shared/model/certificates/certificate.ts";
import type { FindingDraft } from "#shared/model/finding.ts";
import { nameSome } from "#shared/text/findings/certificate-finding.ts";
import { type Disk, type FoundFileProblem, findFileProblems, spkiHashOf } from "./file-problems.ts";
import { formatOwnTest } from "./own-tests.ts";

/** What is wrong with the certificate and key files of a host, each by itself and compared with each other. */
export function findDiskProblems(disk: Disk): FindingDraft[] {
  return joinSame([
    ...draftFileProblems(findFileProblems(disk)),
    ...findKeyKindClashes(disk),
    ...findLonelyKeys(disk),
    ...findUnnamedFiles(disk),
    ...findOpenStores(disk.collection),
  ]);
}

/** Joins the findings of one rule about one thing at several files of this host into one finding. */
function joinSame(drafts: readonly FindingDraft[]): FindingDraft[] {
  const groups = Map.groupBy(drafts, ({ rule, about }) => JSON.stringify([rule, about]));
  return [...groups.values()].flatMap(([first, ...others]) => {
    if (!first || others.length === 0) return first ?? [];
    const all = [first, ...others];
    const said = [...new Set(all.flatMap((draft) => draft.evidence))];
    const evidence = nameSome(said, said.length, "line");
    return { ...first, evidence, members: [...new Set(all.flatMap(({ members = [] }) => members))] };
  });
}

/**
 * Files that are gone or hold no certificate share one finding: there is no certificate that a finding could be about.
 */
function draftFileProblems(problems: readonly FoundFileProblem[]): FindingDraft[] {
  return [
    ...draftWrongFiles(
      "certificate-file-gone",
      problems.filter(({ kind }) => kind === "gone"),
    ),
    ...draftWrongFiles(
      "certificate-file-unreadable",
      problems.filter(({ kind }) => kind === "no-certificate"),
    ),
    ...draftWrongFiles(
      "certificate-file-misordered",
      problems.filter(({ kind }) => kind === "key-not-first" || kind === "key-alone"),
    ),
    ...problems.flatMap((problem) => draftKeyProblem(problem) ?? []),
  ];
}

const FILES = {
  "certificate-file-gone": {
    what: "is not there",
    does: "put the certificate back from where it was issued",
  },
  "certificate-file-unreadable": {
    what: "holds no certificate that can be read",
    does: "put the certificate there anew",
  },
  "certificate-file-misordered": {
    what: "does not hold a private key with its certificate straight behind it",
    does: "write the private key first, then its certificate, then its chain,",
  },
};

function draftWrongFiles(rule: keyof typeof FILES, problems: readonly FoundFileProblem[]): FindingDraft[] {
  const paths = [...new Set(problems.map(({ certificate }) => certificate))].toSorted();
  const [first] = problems;
  if (!first) return [];
  const { what, does } = FILES[rule];
  const servers = [...new Set(problems.map(({ server }) => server))];
  const named = nameSome(paths, paths.length, "file");
  const which =
    paths.length === 1
      ? `${first.certificate}, which ${formatNamed(first.deployment.certificate)} names, ${what}`
      : `each of ${paths.length} files that configurations name ${what}`;
  return [
    {
      rule,
      about: { kind: "host" },
      label: named.join(", "),
      severity: "high",
      sentence: `${which}: ${servers.join(", ")} cannot serve ${paths.length === 1 ? "it" : "them"} once started or reloaded, whatever is served still`,
      evidence: named,
      members: paths,
      remedy: `${does} before the server is reloaded; then ${[...new Set(problems.map(formatOwnTest))].join(", and ")}. Whether it is served is shown by a scan`,
    },
  ];
}

const formatNamed = ({ directive, at }: Named): string => `${directive} in ${at.file}:${at.line}`;

function draftKeyProblem(problem: FoundFileProblem): FindingDraft | null {
  const { kind, held } = problem;
  if (!held) return null;
  if (kind === "key-gone") return withoutKey(problem, held);
  return kind === "key-mismatch" ? withOtherKey(problem, held) : null;
}

function withOtherKey(problem: FoundFileProblem, held: Certificate): FindingDraft {
  const { spki, deployment } = problem;
  const { certificate: named, key } = deployment;
  const path = key?.path ?? named.path;
  return {
    rule: "certificate-key-mismatch",
    about: { kind: "key-file", path },
    label: path,
    severity: "high",
    sentence: `${path} is not the key of the certificate in ${named.path}: the server cannot serve them together`,
    evidence: [
      formatNamed(named),
      ...(key ? [formatNamed(key)] : []),
      `the certificate is for the key with SHA-256 ${held.spkiSha256}, the file holds ${spki}`,
    ],
    remedy: `put the certificate and the key of one issuance there before the server is started again; then ${formatOwnTest(problem)}`,
  };
}

const withoutKey = (
  { deployment: { certificate: named, key }, ...instance }: FoundFileProblem,
  certificate: Certificate,
): FindingDraft => ({
  rule: "certificate-without-key",
  about: { kind: "certificate", sha256: certificate.sha256 },
  label: certificate.subject,
  severity: "high",
  sentence: `its key is to be in ${key?.path ?? named.path}, and there is no such file: the server cannot start with it`,
  evidence: [
    `${named.directive} in ${named.at.file}:${named.at.line}`,
    `${named.path} holds the certificate`,
  ],
  members: [named.path],
  remedy: `put the key there, or correct the configuration before the server is started again; then ${formatOwnTest(instance)}`,
});

/** Configurations that serve no TLS because two of their certificates have keys of one kind. */
function findKeyKindClashes({ configurations, files }: Disk): FindingDraft[] {
  const kinds = new Map(
    files.map(({ path, certificates }) => [path, certificates[0]?.certificate.keyType ?? null]),
  );
  // A configuration that was not read whole may not tell whether the service has these certificates.
  const whole = configurations.filter(
    ({ incomplete, unknown }) => incomplete === null && unknown.length === 0,
  );
  return whole.flatMap(({ server, bindings }) =>
    bindings.flatMap(({ deployments, unsure }): FindingDraft[] => {
      if (unsure !== null) return [];
      const clash = findClash({ server }, deployments, (path) => kinds.get(path) ?? null);
      if (clash === null) return [];
      const named = [clash.first, clash.second].map(({ certificate }) => certificate);
      const paths = named.map(({ path }) => path);
      return [
        {
          rule: "certificates-of-one-key-kind",
          about: { kind: "host" },
          label: paths.join(", "),
          severity: "high",
          sentence: `${paths.join(" and ")} are both for ${clash.kind} keys, and Postfix reads the second with its key from one file: it speaks no TLS with them`,
          evidence: named.map((one) => `${one.path}: ${formatNamed(one)}`),
          members: paths,
          remedy:
            'name one certificate for each kind of key, and reload Postfix: its log has no "disabling TLS support" then',
        },
      ];
    }),
  );
}

/** Keys in the folders where servers keep theirs. Keys of people and of hosts are evaluated as SSH keys. */
function findLonelyKeys({ collection, configurations, files }: Disk): FindingDraft[] {
  const certified = new Set(
    files.flatMap(({ certificates }) => certificates.map(({ certificate }) => certificate.spkiSha256)),
  );
  const named = namedPaths(configurations);
  // A file that was not read may hold the certificate.
  if (collection.unreadable.some(({ kind }) => kind === "certificate-file" || kind === "limit")) return [];
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

/** End-entity certificates in files that no configuration names; none if a configuration could not be read. */
function findUnnamedFiles({ collection, configurations, files }: Disk): FindingDraft[] {
  const isWhole =
    collection.incomplete === null &&
    !collection.unreadable.some(({ kind }) => kind === "server-config" || kind === "limit") &&
    configurations.every(({ incomplete, unknown }) => incomplete === null && unknown.length === 0);
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
    // A part of a named file, such as certbot's cert.pem beside its fullchain.pem, is not another certificate.
    if (!leaf || leaf.isCa || held.has(leaf.sha256) || stores.has(path)) return [];
    // Latchkey does not read the configuration of Kubernetes, which may name the file.
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
        members: [path],
        remedy: "see whether a program of its own reads it; if none does, delete it together with its key",
      },
    ];
  });
}

function findOpenStores({ keystores }: Collection): FindingDraft[] {
  const open = keystores.filter(({ state }) => state === "default");
  if (open.length === 0) return [];
  const paths = open.map(({ path }) => path);
  return [
    {
      rule: "keystore-default-password",
      about: { kind: "host" },
      label: nameSome(paths, paths.length, "file").join(", "),
      severity: "medium",
      sentence: `${open.length === 1 ? "a keystore opens" : `${open.length} keystores open`} with a password that everybody knows`,
      evidence: nameSome(
        open.map(({ path, password }) => `${path} opens with ${password}`),
        open.length,
        "file",
      ),
      members: paths,
      remedy: "give the store a password of its own (keytool -storepasswd), and let only its owner read it",
    },
  ];
}

/** Every file that a configuration names, whatever it uses the file for. */
export function namedPaths(configurations: readonly Configuration[]): ReadonlySet<string> {
  return new Set(
    configurations.flatMap(({ bindings, alsoNamed }) => [
      ...alsoNamed.map(({ path }) => path),
      ...bindings.flatMap(({ deployments, chain }) => [
        ...deployments.flatMap(({ certificate, key }) => [certificate.path, ...(key ? [key.path] : [])]),
        ...(chain ? [chain.path] : []),
      ]),
    ]),
  );
}
