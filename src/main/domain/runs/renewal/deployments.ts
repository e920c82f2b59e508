import type { HostMap } from "#domain/deployment-status/host-map.ts";
import type { Configuration, Deployment, Listen, TlsSettings } from "#domain/server-configs/configuration.ts";
import type { DeploymentFile, ServerKind } from "#shared/model/runs/deployment.ts";

/** One use of a deployment by a server. */
export type ServerUse = {
  server: ServerKind;
  /** The file that its configuration begins with. */
  root: string;
  /** `path:line` of the line that names the certificate. */
  where: string;
  listens: readonly Listen[];
  names: readonly string[];
  protocol: string;
  unsure: string | null;
  /** Null: its TLS settings are not read. */
  tls: TlsSettings | null;
};

/** The files that are read together for one certificate, and the servers that read them. */
export type FoundDeployment = {
  files: Pick<DeploymentFile, "path" | "real" | "holds">[];
  uses: ServerUse[];
  hasKey: boolean;
};

/** The deployments of a host whose certificate is in one of these files, as its configurations name them. */
export function findDeployments(map: HostMap, holding: readonly string[]): FoundDeployment[] {
  const reals = new Map(map.files.map(({ path, realPath }) => [path, realPath ?? path]));
  const realOf = (path: string): string => reals.get(path) ?? path;
  const realPaths = new Set(holding.map(realOf));
  const found = new Map<string, FoundDeployment>();
  for (const configuration of map.configurations)
    for (const binding of configuration.bindings)
      for (const deployment of binding.deployments.filter(({ certificate }) =>
        realPaths.has(realOf(certificate.path)),
      )) {
        const server = serverOf(configuration.server);
        if (!server) continue;
        const files = filesOf(deployment, binding.chain?.path ?? null, realOf);
        const key = files.map(({ real }) => real).join("\n");
        const known = found.get(key) ?? { files, uses: [], hasKey: deployment.key !== null };
        found.set(key, known);
        const { file, line } = deployment.certificate.at;
        const { names, listens, protocol, unsure } = binding;
        known.uses.push({
          server,
          root: configuration.root,
          where: `${file}:${line}`,
          listens,
          names,
          protocol,
          unsure,
          tls: binding.tls ?? null,
        });
      }
  return [...found.values()];
}

/** Null: it is not one that a run tests and reloads. */
export function serverOf(server: Configuration["server"]): ServerKind | null {
  if (server === "mysql") return "mariadb";
  return server === "sshd" ? null : server;
}

function filesOf(
  { certificate, key }: Deployment,
  chain: string | null,
  realOf: (path: string) => string,
): FoundDeployment["files"] {
  const own = { path: certificate.path, real: realOf(certificate.path) };
  const keyReal = key && realOf(key.path);
  if (keyReal === own.real) return [{ ...own, holds: "key+chain" }];
  return [
    ...(key && keyReal ? [{ path: key.path, real: keyReal, holds: "key" as const }] : []),
    { ...own, holds: chain === null ? "chain" : "leaf" },
    ...(chain === null ? [] : [{ path: chain, real: realOf(chain), holds: "intermediates" as const }]),
  ];
}

/**
 * The deployment of a server that the user has described; it names the certificate's file as the inventory does. If no
 * file is known to have it, as in a keystore that no scan can open, the key's file has it.
 */
export function describeDeployment(
  map: HostMap,
  holding: readonly string[],
  keyFile: string,
): FoundDeployment {
  const path = holding.includes(keyFile) ? keyFile : (holding[0] ?? keyFile);
  const realOf = (one: string) => map.files.find((file) => file.path === one)?.realPath ?? one;
  const at = { file: path, line: 1 };
  const named = (one: string) => ({ path: one, directive: "", at });
  const files = filesOf({ certificate: named(path), key: named(keyFile) }, null, realOf);
  const use = { server: "described", root: "", where: `${path}:1`, listens: [], names: [] } as const;
  return { files, uses: [{ ...use, protocol: "tls", unsure: null, tls: null }], hasKey: true };
}

/**
 * Why the files are not the deployment's own: something else on the host reads one of them without all the others, and
 * would have a key and a certificate that do not match. Null: they are its own.
 */
export function findSharer({ configurations, files }: HostMap, deployment: FoundDeployment): string | null {
  const reals = new Map(files.map(({ path, realPath }) => [path, realPath ?? path]));
  const realOf = (path: string): string => reals.get(path) ?? path;
  const own = new Set(deployment.files.map(({ real }) => real));
  for (const { server, bindings } of configurations)
    for (const { deployments, chain } of bindings)
      for (const { certificate, key } of deployments) {
        const named = [certificate, key, chain].flatMap((one) => one ?? []);
        const shared = named.find(({ path }) => own.has(realOf(path)));
        if (!shared) continue;
        const read = new Set(named.map(({ path }) => realOf(path)));
        if (read.size === own.size && [...read].every((path) => own.has(path))) continue;
        const { file, line } = shared.at;
        return `${server} (${file}:${line}) reads ${shared.path} beside other files than ${[...own].join(" and ")}, which are renewed together; give each its own files`;
      }
  return null;
}
