import { chooseIssuer } from "#domain/rotation/plan/certificates/choose-issuer.ts";
import { choosePoints, type Point } from "#domain/rotation/plan/certificates/choose-points.ts";
import { bare } from "#domain/rotation/plan/certificates/draft-change.ts";
import { findSharer } from "#domain/rotation/plan/certificates/find-sharer.ts";
import { describePair, type FoundPair, findPairs } from "#domain/rotation/plan/certificates/find-uses.ts";
import type { PairFacts } from "#domain/rotation/plan/certificates/renewal-facts.ts";
import type { HostMap } from "#domain/serving/host-map.ts";
import { openCertificate } from "#domain/x509/path/path-certificate.ts";
import type { RenewalWish } from "#shared/contract/runbooks.ts";
import type { Issuer } from "#shared/model/issuer.ts";
import { serverNameOf, type TlsTarget } from "#shared/model/target.ts";
import type { Store } from "#store/store.ts";
import { consumersOf } from "./consumers-of.ts";
import type { SoughtRenewal } from "./seek-renewal.ts";

/** A certificate of a host by the inventory, with what is looked at for it. */
export type Described = {
  facts: PairFacts;
  found: FoundPair;
  described: RenewalWish["described"];
  /** Its public key; null: it cannot be read. */
  spkiSha256: string | null;
  /** Files and folders that say where it is served. */
  configs: string[];
  points: ReturnType<typeof choosePoints>["points"];
  /** The certificates that other places of the host are for. */
  others: ReadonlySet<string>;
};

type Inventory = { store: Store; issuers: readonly Issuer[]; now: () => Date };

/** A certificate as the inventory knows it, once for each pair of files that it is in. */
export function readPairs(
  { store, issuers, now }: Inventory,
  wishOfAll: RenewalWish,
  { known: host, certificates, wishes }: SoughtRenewal["hosts"][number],
  sha256: string,
): Described[] {
  const { servers, certificates: renewed } = store.runbooks;
  const own = wishes?.get(sha256);
  const wish = own ?? wishOfAll;
  const certificate = store.certificates.find(sha256, now());
  if (!certificate?.notAfter) return [];
  const { subject, names, notAfter, keyType, keyBits, curve } = certificate;
  const map = JSON.parse(servers.map(host.id) ?? EMPTY) as HostMap;
  const holding = servers.pathsHolding(host.id, sha256);
  const toldOf = wish.described && describePair(map, holding, wish.described.keyFile);
  const known = findPairs(map, holding);
  const pairs = known.length === 0 && toldOf ? [toldOf] : known;
  const [tags, before] = [servers.tagsOf(sha256), renewed.issuerOf(sha256)];
  const { issuer, why } = chooseIssuer({ issuers, wished: wish.issuer, tags, before });
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
    whyNoIssuer: why,
    purposes: opened?.extensions.purposes ?? null,
    hostsInCommon: servers.hostsHolding(sha256).length,
    whyNoChallenge: "",
    challenge: wish.challenge ?? (issuer?.kind === "acme" ? issuer.challenge : null),
    files: [],
    proofs: [],
    failing: [],
    settings: [],
    ...(own && { wish: own }),
  };
  if (pairs.length === 0)
    return [
      {
        facts: { ...about, consumers: [], wonders: [], obstacle: sayUnread(holding) },
        found: NO_PAIR,
        described: null,
        spkiSha256: null,
        configs: [],
        points: [],
        others: new Set<string>(),
      },
    ];
  const others = new Set(certificates.filter((one) => one !== sha256));
  return pairs.map((found) => {
    const { points, wonders } = pointsOf(found, host.host, {
      names: bare(names),
      // Where several hosts have it, another one's place shows another one's new certificate.
      seen: servers.endpointsOf(sha256).filter((at) => about.hostsInCommon <= 1 || at.host === host.host),
    });
    const obstacle = found.hasKey
      ? findSharer(map, found)
      : "where its private key is is not said by the configuration";
    const unused = wish.described && found !== toldOf ? [UNUSED] : [];
    const unsure = found.uses.flatMap((use) => (use.unsure ? [`${use.where}: ${use.unsure}`] : []));
    return {
      facts: {
        ...about,
        consumers: consumersOf(found.uses, wish.described),
        settings: found.uses.map(({ server, where, tls }) => ({ server, where, tls })),
        wonders: [...wonders, ...unsure, ...unused],
        obstacle,
      },
      found,
      described: wish.described,
      points,
      others,
      spkiSha256: opened?.spkiSha256 ?? null,
      configs: configsOf(found),
    };
  });
}

const EMPTY = '{"configurations":[],"files":[],"listeners":null}';

const UNUSED = "what was described of its server is not used, for its configuration could be read";

const NO_PAIR: FoundPair = { files: [], uses: [], hasKey: false };

const sayUnread = (paths: readonly string[]): string =>
  `no server whose configuration could be read has it from ${paths.slice(0, 3).join(", ")}`;

/** Of a server that was described no configuration tells where it is served: where it was seen does. */
function pointsOf(
  { uses }: FoundPair,
  host: string,
  { names, seen }: { names: readonly string[]; seen: readonly TlsTarget[] },
): ReturnType<typeof choosePoints> {
  if (uses.some(({ server }) => server !== "described")) return choosePoints(uses, { host, names });
  const points = seen.map((at): Point => {
    const { host: address, port, protocol } = at;
    const dialogue = protocol === "tls" ? null : protocol;
    return { address, port, serverName: serverNameOf(at), dialogue, from: "here" };
  });
  return { points, wonders: [] };
}

/** Where a configuration is made of all files of a folder, one that came or went is seen by the folder. The files come last. */
function configsOf({ uses }: FoundPair): string[] {
  const known = uses.filter(({ server }) => server !== "described");
  const files = known.map(({ where }) => where.replace(/:\d+$/, ""));
  const folders = files.map((file) => file.replace(/\/[^/]*$/, "") || "/");
  const apart = folders.filter((_, nth) => files[nth] !== known[nth]?.root);
  return [...new Set([...known.map(({ root }) => root), ...apart, ...files])];
}
