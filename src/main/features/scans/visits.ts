import { createCertificateCache } from "#domain/x509/certificate-cache.ts";
import { readKnownHostsFiles } from "#net/local/known-hosts-files.ts";
import { collectHost } from "#net/ssh/collect.ts";
import { fetchHostCertificate } from "#net/ssh/fetch-host-certificate.ts";
import { gatherIdentities } from "#net/ssh/identities.ts";
import type { TlsProber } from "#net/tls/probe-endpoint.ts";
import { Refusal } from "#shared/model/refusal.ts";
import type { ScanId } from "#shared/model/scan.ts";
import type { SshTarget } from "#shared/model/target.ts";
import type { Workstation } from "#shared/model/workstation.ts";
import type { Store } from "#store/store.ts";
import { createHostKeys } from "./host-keys.ts";
import type { Visits } from "./run-scan.ts";
import { visitEndpoint } from "./visit-endpoint.ts";
import { visitHost } from "./visit-host.ts";

type Deps = {
  store: Store;
  prober: TlsProber;
  workstation: Workstation;
  /** POSIX sh, sent to every host. */
  collectorScript: string;
  now: () => Date;
};

export type VisitOptions = {
  acceptNew: boolean;
  identityFiles: readonly string[];
  usesSudo: (target: SshTarget) => boolean;
};

/** Everything but the scan that it is for. */
export type PreparedVisits = (scanId: ScanId) => Visits;

/**
 * The ways to visit, for one scan. Its keys and known_hosts are read here, once; an identity file that was
 * named and cannot be used is refused before anything is visited.
 */
export const createVisits =
  ({ store, prober, workstation, collectorScript, now }: Deps) =>
  async ({ identityFiles, acceptNew, usesSudo }: VisitOptions): Promise<PreparedVisits> => {
    const { home, agentSocket, user: defaultUser } = workstation;
    const { identities, unusable } = await gatherIdentities({ identityFiles, home, agentSocket });
    const named = unusable.find(({ source }) => identityFiles.includes(source));
    if (named) throw new Refusal("invalid-input", `${named.source} cannot be used to log in: ${named.why}`);

    const keyDeps = { store, readKnownHostsFiles, fetchHostCertificate, now };
    const hostKeys = await createHostKeys(keyDeps, { home, acceptNew });
    const readCertificate = createCertificateCache();
    const host = {
      collectHost,
      collectorScript,
      identities,
      hostKeys,
      defaultUser,
      usesSudo,
      readCertificate,
      now,
    };
    return (scanId) => ({
      visitHost: (target, signal) => visitHost({ scanId, ...host }, target, signal),
      visitEndpoint: (target, signal) =>
        visitEndpoint({ prober, readCertificate, now }, { scanId, target, signal }),
    });
  };
