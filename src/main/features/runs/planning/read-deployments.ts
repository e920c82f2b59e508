import type { HostMap } from "#domain/deployment-status/host-map.ts";
import { chooseIssuer } from "#domain/runs/renewal/choose-issuer.ts";
import {
  describeDeployment,
  type FoundDeployment,
  findDeployments,
  findSharer,
  type ServerUse,
} from "#domain/runs/renewal/deployments.ts";
import { bare } from "#domain/runs/renewal/draft-replacement.ts";
import type {
  DeploymentFacts,
  DeploymentFileFacts,
  FailingServer,
} from "#domain/runs/renewal/renewal-facts.ts";
import { formatReload, SERVERS } from "#domain/runs/renewal/servers.ts";
import type { TrustReader } from "#domain/runs/renewal/trust.ts";
import { chooseEndpoints, type ProbeAddress } from "#domain/runs/renewal/verification-endpoints.ts";
import { openCertificate } from "#domain/x509/path/path-certificate.ts";
import {
  type DeploymentFileInspection,
  type DeploymentFileKind,
  inspectDeploymentFile,
  inspectServer,
  testServer,
} from "#net/ssh/session/inspect-deployment.ts";
import type { RemoteSession } from "#net/ssh/session/remote-session.ts";
import type { RenewalRequest } from "#shared/contract/runs.ts";
import { serverNameOf, type TlsTarget } from "#shared/model/hosts/target.ts";
import type { Issuer } from "#shared/model/issuers/issuer.ts";
import type { Service } from "#shared/model/runs/deployment.ts";
import { formatRefusal } from "#shared/text/runs/host-refusal.ts";
import type { Store } from "#store/store.ts";
import type { FoundRenewal } from "./find-renewals.ts";

/** A certificate of a host by the inventory, with what is inspected for it. */
export type Described = {
  facts: DeploymentFacts;
  found: FoundDeployment;
  described: RenewalRequest["described"];
  /** Its public key; null: it cannot be read. */
  spkiSha256: string | null;
  /** Files and folders that say where it is served. */
  configs: string[];
  endpoints: ReturnType<typeof chooseEndpoints>["endpoints"];
  /** The certificates that other endpoints of the host are for. */
  others: ReadonlySet<string>;
};

type Inventory = { store: Store; issuers: readonly Issuer[]; trust: TrustReader; now: () => Date };

/** A certificate as the inventory knows it, once for each deployment. */
export function readDeploymentFacts(
  { store, issuers, trust, now }: Inventory,
  requestOfAll: RenewalRequest,
  { known: host, certificates, requests }: FoundRenewal["hosts"][number],
  sha256: string,
): Described[] {
  const { servers, certificates: renewed } = store.runbooks;
  const own = requests?.get(sha256);
  const request = own ?? requestOfAll;
  const certificate = store.certificates.find(sha256, now());
  if (!certificate?.notAfter) return [];
  const { subject, names, notAfter, keyType, keyBits, curve } = certificate;
  const map = JSON.parse(servers.map(host.id) ?? EMPTY) as HostMap;
  const holding = servers.pathsHolding(host.id, sha256);
  const reloadsOf = request.described && describeDeployment(map, holding, request.described.keyFile);
  const known = findDeployments(map, holding);
  const deployments = known.length === 0 && reloadsOf ? [reloadsOf] : known;
  const [tags, before] = [servers.tagsOf(sha256), renewed.issuerOf(sha256)];
  const { issuer, why } = chooseIssuer({ issuers, wished: request.issuer, tags, before });
  const opened = openCertificate(certificate.der);
  const about = {
    sha256,
    subject,
    names,
    notAfter,
    keyType,
    keyBits,
    curve,
    issuer,
    trust: trust.expected(sha256, issuer),
    whyNoIssuer: why,
    purposes: opened?.extensions.purposes ?? null,
    hostsInCommon: servers.hostsHolding(sha256).length,
    whyNoChallenge: "",
    challenge: request.challenge ?? (issuer?.kind === "acme" ? issuer.challenge : null),
    files: [],
    verificationEndpoints: [],
    failing: [],
    settings: [],
    ...(own && { request: own }),
  };
  if (deployments.length === 0)
    return [
      {
        facts: { ...about, services: [], wonders: [], obstacle: formatUnreadable(holding) },
        found: NO_PRIVATE_KEY,
        described: null,
        spkiSha256: null,
        configs: [],
        endpoints: [],
        others: new Set<string>(),
      },
    ];
  const others = new Set(certificates.filter((one) => one !== sha256));
  return deployments.map((found) => {
    const { endpoints, wonders } = endpointsAt(found, host.host, {
      names: bare(names),
      // If several hosts have it, the endpoint of another host would show that host's new certificate.
      seen: servers.endpointsOf(sha256).filter((at) => about.hostsInCommon <= 1 || at.host === host.host),
    });
    const obstacle = found.hasKey
      ? findSharer(map, found)
      : "where its private key is is not said by the configuration";
    const unused = request.described && found !== reloadsOf ? [UNUSED] : [];
    const unsure = found.uses.flatMap((use) => (use.unsure ? [`${use.where}: ${use.unsure}`] : []));
    return {
      facts: {
        ...about,
        services: servicesOf(found.uses, request.described),
        settings: found.uses.map(({ server, where, tls }) => ({ server, where, tls })),
        wonders: [...wonders, ...unsure, ...unused],
        obstacle,
      },
      found,
      described: request.described,
      endpoints,
      others,
      spkiSha256: opened?.spkiSha256 ?? null,
      configs: configsOf(found.uses),
    };
  });
}

export const EMPTY = '{"configurations":[],"files":[],"listeners":null}';

const UNUSED = "what was described of its server is not used, for its configuration could be read";

const NO_PRIVATE_KEY: FoundDeployment = { files: [], uses: [], hasKey: false };

const formatUnreadable = (paths: readonly string[]): string =>
  `no server whose configuration could be read has it from ${paths.slice(0, 3).join(", ")}`;

/** No configuration of a described server says where it is served: it is where it was seen. */
function endpointsAt(
  { uses }: FoundDeployment,
  host: string,
  { names, seen }: { names: readonly string[]; seen: readonly TlsTarget[] },
): ReturnType<typeof chooseEndpoints> {
  if (uses.some(({ server }) => server !== "described")) return chooseEndpoints(uses, { host, names });
  const endpoints = seen.map((at): ProbeAddress => {
    const { host: address, port, protocol } = at;
    const startTls = protocol === "tls" ? null : protocol;
    return { address, port, serverName: serverNameOf(at), startTls, from: "here" };
  });
  return { endpoints, wonders: [] };
}

/**
 * If a configuration consists of all files of a folder, the folder shows that one came or went. The files come last.
 */
export function configsOf(uses: readonly ServerUse[]): string[] {
  const known = uses.filter(({ server }) => server !== "described");
  const files = known.map(({ where }) => where.replace(/:\d+$/, ""));
  const folders = files.map((file) => file.replace(/\/[^/]*$/, "") || "/");
  const apart = folders.filter((_, nth) => files[nth] !== known[nth]?.root);
  return [...new Set([...known.map(({ root }) => root), ...apart, ...files])];
}

/** How the keystore of a described server is opened. */
type StoreWords = { passphrase: string | null; entry: string | null };

/** The certificate that is renewed: itself, and its public key. */
type Old = { sha256: string; spkiSha256: string | null };

/** The files of a deployment as they are on the host; of a keystore, that alone. `lost`: the connection broke. */
export async function readDeploymentFiles(
  remote: RemoteSession,
  { files, old }: { files: FoundDeployment["files"]; old: Old },
  store: StoreWords | null,
): Promise<DeploymentFileFacts[] | { lost: string }> {
  const seen: DeploymentFileFacts[] = [];
  for (const file of files) {
    const reading = await inspectDeploymentFile(remote, file.path);
    if (reading.kind === "lost") return { lost: reading.message };
    if (store && reading.kind === "seen" && file.holds.startsWith("key") && isStore(reading.file.kind))
      return [toStore(file, reading.file, store)];
    if (reading.kind !== "seen") seen.push(refused(file, formatRefusal(reading.why, file.path)));
    else {
      const facts = refuseOther(toFacts(file, reading.file), reading.file, old.sha256);
      seen.push(store ? refuseOtherKey(facts, reading.file, old) : facts);
    }
  }
  return seen;
}

type File = FoundDeployment["files"][number];
type KeystoreKind = "pkcs12" | "jks";

const isStore = (kind: DeploymentFileKind): kind is KeystoreKind => kind === "pkcs12" || kind === "jks";

/** It contains both key and chain, and nothing is known of either without its passphrase. */
function toStore(
  { path, real }: File,
  reading: DeploymentFileInspection,
  { passphrase, entry }: StoreWords,
): DeploymentFileFacts {
  const holds = reading.kind === "jks" ? "jks" : "pkcs12";
  const facts = toFacts({ path, real, holds }, reading);
  if (passphrase === null)
    return { ...facts, refusal: facts.refusal ?? `${path} is a keystore: say its passphrase` };
  const words = { passphrase, ...(entry !== null && { entry }) };
  return { ...facts, stat: facts.stat && { ...facts.stat, ...words } };
}

const refused = (file: File, refusal: string): DeploymentFileFacts => ({
  ...file,
  refusal,
  stat: null,
  managed: null,
  heldBy: null,
});

function toFacts(
  file: File,
  { real, file: stat, hash, refusal, kind, managed, heldBy }: DeploymentFileInspection,
): DeploymentFileFacts {
  const { path, holds } = file;
  const odd = oddOf(file, kind);
  const why = refusal ? formatRefusal(refusal.why, path) : odd;
  return {
    path,
    real,
    holds,
    managed,
    heldBy,
    refusal: why,
    stat: stat && hash !== null ? { ...withoutLinks(stat), before: hash } : null,
  };
}

/** Somebody renewed it since the scan, maybe with other names: what is known is of another certificate. */
export function refuseOther(
  facts: DeploymentFileFacts,
  { leaf }: Pick<DeploymentFileInspection, "leaf">,
  sha256: string,
): DeploymentFileFacts {
  const isOfIt = facts.holds === "leaf" || facts.holds === "chain" || facts.holds === "key+chain";
  if (!isOfIt || leaf === null || leaf === sha256) return facts;
  const why = `${facts.path} holds another certificate than when it was scanned; scan the host again`;
  return { ...facts, refusal: facts.refusal ?? why };
}

/** No configuration says that a described key is the certificate's own, and it would be overwritten. */
export function refuseOtherKey(
  facts: DeploymentFileFacts,
  { publicKey }: Pick<DeploymentFileInspection, "publicKey">,
  { spkiSha256 }: Old,
): DeploymentFileFacts {
  if (publicKey === null || spkiSha256 === null || publicKey === spkiSha256) return facts;
  const why = `the private key in ${facts.path} is not the certificate's own`;
  return { ...facts, refusal: facts.refusal ?? why };
}

const withoutLinks = ({
  mode,
  uid,
  gid,
  owner,
  sizeBytes,
}: NonNullable<DeploymentFileInspection["file"]>) => ({
  mode,
  uid,
  gid,
  owner,
  sizeBytes,
});

/** What is there is not what the configuration says it is. */
function oddOf({ path, holds }: File, kind: DeploymentFileKind): string | null {
  if (holds === "pkcs12" || holds === "jks") return null;
  if (kind === "locked-key") return `the private key in ${path} has a passphrase, and the server asks for it`;
  const kinds: readonly DeploymentFileKind[] =
    holds === "key" ? ["key", "both"] : holds === "key+chain" ? ["both"] : ["certificate", "both"];
  return kinds.includes(kind) ? null : `${path} holds no ${holds === "key" ? "private key" : "certificate"}`;
}

/** Each server that reads a deployment, once. How it is reloaded is known once its host was asked. */
function servicesOf(
  uses: readonly ServerUse[],
  described: NonNullable<Service["described"]> | null,
): Service[] {
  const servers = Map.groupBy(uses, ({ server, root }) => `${server} ${root}`);
  return [...servers.values()].flatMap(([first]): Service[] => {
    if (!first) return [];
    const { server, where } = first;
    if (server !== "described")
      return [
        {
          server,
          where,
          config: first.root,
          test: SERVERS[server].test,
          reload: formatReload(server, "none"),
        },
      ];
    if (!described) return [];
    const { test, reload } = described;
    const isTested = test === null ? "none" : "staged";
    return [{ server, where, config: null, test: isTested, reload, described: { test, reload } }];
  });
}

/**
 * The servers, with how their host says they are reloaded. `obstacle`: one of them cannot be. `lost`: the connection
 * broke.
 */
export async function readServices(
  remote: RemoteSession,
  services: readonly Service[],
  files: readonly { real: string }[],
): Promise<{ services: Service[]; obstacle: string | null } | { lost: string }> {
  const seen: Service[] = [];
  let obstacle: string | null = null;
  for (const service of services) {
    const { server, config, where } = service;
    if (server === "described") {
      seen.push(service);
      continue;
    }
    const reading = await inspectServer(remote, { server, config, paths: files.map(({ real }) => real) });
    if (reading.kind === "lost") return { lost: reading.message };
    const reloadedBy = reading.kind === "seen" ? reading.reloadedBy : "none";
    if (reloadedBy === "none")
      obstacle = `${server} (${where}) cannot be reloaded${reading.kind === "seen" && reading.said ? `: ${reading.said}` : ""}`;
    seen.push({ ...service, reload: formatReload(server, reloadedBy) });
  }
  return { services: seen, obstacle };
}

/**
 * Those whose own test of their configuration fails now. `tested`: the results of the servers that were tested already.
 */
export async function findFailing(
  remote: RemoteSession,
  services: readonly Service[],
  tested: Map<string, FailingServer | null>,
): Promise<FailingServer[] | { lost: string }> {
  const failing: FailingServer[] = [];
  for (const service of services) {
    const { server, config, where } = service;
    if (!SERVERS[server].testsConfiguration) continue;
    const name = `${server} ${config}`;
    if (!tested.has(name)) {
      const tried = await testServer(remote, service);
      if (tried.kind === "lost") return { lost: tried.message };
      const said = tried.kind === "failed" && "said" in tried ? tried.said : null;
      tested.set(name, said === null ? null : { server, where, said });
    }
    const found = tested.get(name);
    if (found) failing.push(found);
  }
  return failing;
}
