import { hash } from "node:crypto";
import type { Collection } from "#domain/collection/collection.ts";
import type { Configuration, Deployment } from "#domain/server-configs/configuration.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { Certificate } from "#shared/model/certificates/certificate.ts";

/** Certificate and key files with which the server of a configuration can neither start nor reload. */

/**
 * `certificate` and `key`: their paths. `no-certificate`: the file was read, and holds none. `key-not-first`,
 * `key-alone`: the server expects a private key with its certificate directly behind it, and the file is in another
 * order or has no certificate.
 */
export type FileProblem = {
  kind: "gone" | "no-certificate" | "key-gone" | "key-mismatch" | "key-not-first" | "key-alone";
  server: Configuration["server"];
  root: string;
  certificate: string;
  key: string;
};

/**
 * `isStarted`: as of the configuration; `held`: the first certificate in the file, if there is one; `spki`: the SHA-256
 * of the key beside it.
 */
export type FoundFileProblem = FileProblem & {
  isStarted: boolean;
  deployment: Deployment;
  held: Certificate | null;
  spki: string | null;
};

type ReadFile = { path: string; certificates: readonly { certificate: Certificate }[] };

export type Disk = {
  collection: Collection;
  configurations: readonly Configuration[];
  files: readonly ReadFile[];
};

/**
 * Reports nothing of a file that could not be read, of a key whose public key is not known, and of files that a command
 * copies, because the server itself never reads those. Each pair of paths is reported once in a configuration.
 */
export function findFileProblems({ collection, configurations, files }: Disk): FoundFileProblem[] {
  const evaluate = createDeploymentEvaluator(collection, files);
  const seen = new Set<string>();
  return configurations.flatMap(({ server, root, isStarted = false, bindings }) =>
    bindings.flatMap(({ deployments }) =>
      deployments.flatMap((deployment) => {
        if (deployment.copiedBy !== undefined) return [];
        const certificate = deployment.certificate.path;
        const key = deployment.key?.path ?? certificate;
        const id = JSON.stringify([server, root, certificate, key]);
        if (seen.has(id)) return [];
        seen.add(id);
        const found = evaluate(deployment, key);
        return found ? [{ ...found, server, root, isStarted, certificate, key, deployment }] : [];
      }),
    ),
  );
}

type Found = Pick<FoundFileProblem, "kind" | "held" | "spki">;

function createDeploymentEvaluator(
  { unreadable, keyFiles, diskFiles, incomplete }: Collection,
  files: readonly ReadFile[],
) {
  const keys = new Map(keyFiles.map((file) => [file.path, file]));
  const absent = new Set(unreadable.flatMap(({ path, isAbsent }) => (isAbsent ? [path] : [])));
  const closed = new Set(unreadable.map(({ path }) => path));
  const firstIn = new Map(
    files.map(({ path, certificates }) => [path, certificates[0]?.certificate ?? null]),
  );
  // A collection that was cut short may lack a file that exists.
  const isWhole = incomplete === null && !unreadable.some(({ kind }) => kind === "limit");

  return (deployment: Deployment, keyPath: string): Found | null => {
    const { path } = deployment.certificate;
    const held = firstIn.get(path) ?? null;
    if (deployment.problem) return { kind: deployment.problem, held, spki: null };
    if (!held) {
      if (absent.has(path)) return { kind: "gone", held, spki: null };
      const wasRead = isWhole && diskFiles.get(path)?.entry.type === "file" && !closed.has(path);
      return wasRead ? { kind: "no-certificate", held, spki: null } : null;
    }
    const key = keys.get(keyPath);
    if (!key) return deployment.key && absent.has(keyPath) ? { kind: "key-gone", held, spki: null } : null;
    const spki = spkiHashOf(key.spki);
    return spki === null || spki === held.spkiSha256 ? null : { kind: "key-mismatch", held, spki };
  };
}

/** A phrase: what is wrong, and with which file. `wasSeen`: whether an earlier scan has read the file at a path. */
export function formatFileProblem(
  { kind, certificate, key }: FileProblem,
  wasSeen: (path: string) => boolean,
): string {
  const formatGone = (path: string) => (wasSeen(path) ? "is not there any more" : "is not there");
  switch (kind) {
    case "gone":
      return `${certificate} ${formatGone(certificate)}`;
    case "no-certificate":
      return `${certificate} holds no certificate that can be read`;
    case "key-gone":
      return `${key}, the key of ${certificate}, ${formatGone(key)}`;
    case "key-mismatch":
      return `${key} is not the key of the certificate in ${certificate}`;
    case "key-not-first":
      return `${certificate} does not begin with its private key`;
    case "key-alone":
      return `a private key in ${certificate} has no certificate behind it`;
    default:
      return assertNever(kind);
  }
}

/** SHA-256 of a SubjectPublicKeyInfo in lower-case hex, the form that certificates have it in; null for none. */
export const spkiHashOf = (spki: Uint8Array | null): string | null => spki && hash("sha256", spki, "hex");
