import { chooseBinding } from "#domain/server-configs/choose-binding.ts";
import type { Configuration } from "#domain/server-configs/configuration.ts";
import {
  deploymentsForClient,
  findClashAt,
  type KeyFamily,
} from "#domain/server-configs/deployments-for-client.ts";

/** Compares what configurations are read to say with what servers that run by them present. */

/** A query by a client that accepts only keys of these families. */
type ClaimQuery = { host: string; port: number; name: string | null; takes: readonly KeyFamily[] };

/** `shown`: SHA-256 of the certificate, or `refused`, or `silent` if there was no TLS. */
type ClaimAnswer<Query extends ClaimQuery> = { query: Query; shown: string };

type ClaimCertificate = {
  names: readonly string[];
  commonName: string;
  family: KeyFamily;
  sha256: string;
};

/** Each query is a claim of ours, or unknown. */
export type ClaimCachedCount = {
  names: number;
  claims: number;
  unknown: number;
  /** Nothing there spoke TLS, and the configuration does not mention that address itself. */
  notSeen: number;
  /** Why queries were unknown, and how often. */
  reasons: Map<string, number>;
};

export const createClaimCachedCount = (): ClaimCachedCount => ({
  names: 0,
  claims: 0,
  unknown: 0,
  notSeen: 0,
  reasons: new Map(),
});

/** What we claim that one query is answered with: one of these certificates, nothing, or unsure. */
type Claim = { kind: "shows"; paths: string[] } | { kind: "nothing" } | { kind: "unsure"; why: string };

/**
 * `made`: each certificate by the paths of its files. Returns each false claim as a phrase: what was claimed, and what
 * was shown.
 */
export function compareClaims<Query extends ClaimQuery>(
  tally: ClaimCachedCount,
  { configuration, made }: { configuration: Configuration; made: ReadonlyMap<string, ClaimCertificate> },
  answers: readonly ClaimAnswer<Query>[],
): { query: Query; what: string }[] {
  tally.names += new Set(answers.map(({ query }) => query.name)).size;
  return answers.flatMap(({ query, shown }) => {
    const claim = claimFor(configuration, made, query);
    if (claim.kind === "unsure") {
      tally.unknown++;
      tally.reasons.set(claim.why, (tally.reasons.get(claim.why) ?? 0) + 1);
      return [];
    }
    tally.claims++;
    if (claim.kind === "shows" && shown === "silent" && !isListed(configuration, query)) {
      tally.notSeen++;
      return [];
    }
    const isTrue =
      claim.kind === "nothing"
        ? shown === "refused" || shown === "silent"
        : claim.paths.some((path) => made.get(path)?.sha256 === shown);
    if (isTrue) return [];
    const claimed =
      claim.kind === "nothing" ? "nothing" : claim.paths.map((path) => basename(path)).join(" or ");
    const path = [...made].find(([, { sha256 }]) => sha256 === shown)?.[0];
    return [{ query, what: `claimed ${claimed}, shown ${path === undefined ? shown : basename(path)}` }];
  });
}

/**
 * False if the port is listed at one other address alone, so that the query may have reached it by address translation.
 */
const isListed = ({ bindings }: Configuration, { host, port }: ClaimQuery): boolean =>
  bindings.some(({ listens }) =>
    listens.some(
      ({ address, port: own }) =>
        own === port &&
        (address === null || address === host || address === (host.includes(":") ? "::" : "0.0.0.0")),
    ),
  );

function claimFor(
  configuration: Configuration,
  made: ReadonlyMap<string, ClaimCertificate>,
  { host, port, name, takes }: ClaimQuery,
): Claim {
  const choice = chooseBinding(configuration, { address: host, port, name }, (path) => {
    const certificate = made.get(path);
    return certificate ? [...certificate.names, certificate.commonName] : null;
  });
  if (choice.kind === "none") return { kind: "nothing" };
  if (choice.kind === "unsure") return { kind: "unsure", why: choice.why };
  const familyOf = (path: string) => made.get(path)?.family ?? null;
  if (findClashAt(configuration, choice.bindings, familyOf) !== null) return { kind: "nothing" };
  const deployments = deploymentsForClient(configuration, choice.deployments, takes, familyOf);
  if (!deployments) return { kind: "unsure", why: "the kind of a key is not known" };
  const paths = deployments.map(({ certificate }) => certificate.path);
  return paths.length > 0 ? { kind: "shows", paths } : { kind: "nothing" };
}

const basename = (path: string): string => path.slice(path.lastIndexOf("/") + 1);
