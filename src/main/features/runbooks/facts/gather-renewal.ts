import type { WayFacts } from "#domain/acme/choose-way.ts";
import { readWayFacts } from "#domain/acme/read-way-facts.ts";
import { chooseChallenge } from "#domain/rotation/plan/certificates/choose-challenge.ts";
import { chooseIssuer } from "#domain/rotation/plan/certificates/choose-issuer.ts";
import { choosePoints, type Point } from "#domain/rotation/plan/certificates/choose-points.ts";
import { bare } from "#domain/rotation/plan/certificates/draft-change.ts";
import { findSharer } from "#domain/rotation/plan/certificates/find-sharer.ts";
import { describePair, type FoundPair, findPairs } from "#domain/rotation/plan/certificates/find-uses.ts";
import type {
  PairFacts,
  PairFileFacts,
  RenewalFacts,
} from "#domain/rotation/plan/certificates/renewal-facts.ts";
import type { HostFacts } from "#domain/rotation/plan/plan-facts.ts";
import type { HostMap } from "#domain/serving/host-map.ts";
import { openCertificate } from "#domain/x509/path/path-certificate.ts";
import { sideBySide } from "#net/side-by-side.ts";
import type { Door } from "#net/ssh/door.ts";
import { lookAtWays } from "#net/ssh/hand/challenges/look-at-ways.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { lookAtHost } from "#net/ssh/hand/look.ts";
import type { ChainsAt } from "#net/tls/chains-at.ts";
import type { Vault } from "#net/vault/vault.ts";
import type { RenewalWish } from "#shared/contract/runbooks.ts";
import { toInstant } from "#shared/model/instant.ts";
import type { Issuer } from "#shared/model/issuer.ts";
import type { PlanOptions } from "#shared/model/plan.ts";
import { serverNameOf, type TlsTarget } from "#shared/model/target.ts";
import type { Store } from "#store/store.ts";
import { countJumps, placeKey } from "./count-jumps.ts";
import { type FactDeps, toDoorWish } from "./gather-facts.ts";
import { HandLost } from "./look-at-place.ts";
import { consumersOf, lookAtConsumers } from "./renewal/consumers-of.ts";
import { lookAtPairFiles } from "./renewal/look-at-pair-files.ts";
import { lookAtProofs } from "./renewal/look-at-proofs.ts";
import type { SoughtRenewal } from "./renewal/seek-renewal.ts";

/** What renewals are planned with beside the inventory. */
export type RenewalMeans = {
  issuers: () => Promise<readonly Issuer[]>;
  vault: Pick<Vault, "state">;
  chainsAt: ChainsAt;
};

type Means = Pick<FactDeps, "routeTo" | "workstation" | "inventory" | "now"> & {
  store: Store;
  renewal: RenewalMeans;
};
type Deps = Means & { issuers: readonly Issuer[] };

type Asked = { wish: RenewalWish; options: PlanOptions; sought: SoughtRenewal; signal: AbortSignal };
type SoughtHost = SoughtRenewal["hosts"][number];
type Seen = RenewalFacts["hosts"][number];

/** Hosts looked at side by side. */
const AT_ONCE = 8;

/** Looks at every host that has one of the certificates, and at what is served. One that cannot be looked at is in the facts as such. */
export async function gatherRenewal(
  means: Means,
  asked: Asked,
  door: Door,
  onRead: (read: number) => Promise<void>,
): Promise<RenewalFacts> {
  const { wish, options, sought } = asked;
  const hosts: Seen[] = [];
  const deps: Deps = { ...means, issuers: await means.renewal.issuers() };
  const jumps = countJumps(deps);
  let read = 0;
  await sideBySide(sought.hosts, AT_ONCE, async (one) => {
    const seen = await lookAtOne(deps, asked, one, door);
    const jumpFor = jumps.get(placeKey(one.known)) ?? 0;
    hosts[sought.hosts.indexOf(one)] = { ...seen, host: { ...seen.host, jumpFor } };
    await onRead(++read);
  });
  return {
    ...{ now: toInstant(deps.now()), wish, options, hosts, leftOut: sought.leftOut },
    vault: deps.renewal.vault.state(),
  };
}

async function lookAtOne(deps: Deps, asked: Asked, one: SoughtHost, door: Door): Promise<Seen> {
  const { known } = one;
  const base = baseOf(one);
  const pairs = one.certificates.flatMap((sha256) => readPairs(deps, asked, one, sha256));
  try {
    const wish = { ...toDoorWish(known), hostKey: null };
    const entered = await door.enter(wish, async ({ hand }) => ({
      about: await lookAtLogin(deps, hand),
      files: await lookAtFiles(hand, pairs),
      told: await lookAtServers(hand, pairs),
      ways: pairs.some(lacksWay) ? await lookAtWaysOf(hand, pairs) : null,
      shown: await lookAtServed(deps, hand, pairs, asked.signal),
    }));
    if (entered.kind !== "entered") return unread(base, pairs, entered.message);
    const { about, files, told, ways, shown } = entered.value;
    return {
      host: { ...base, ...about },
      pairs: pairs.map((pair, nth) => ({
        ...pair.facts,
        ...(lacksWay(pair) ? wayOf(pair, ways) : {}),
        ...{ files: files[nth] ?? [], proofs: shown[nth] ?? [], consumers: told[nth]?.consumers ?? [] },
        obstacle: pair.facts.obstacle ?? told[nth]?.obstacle ?? null,
      })),
    };
  } catch (error) {
    if (error instanceof HandLost) return unread(base, pairs, error.message);
    throw error;
  }
}

/** While the host is entered, for some of it may be seen from there alone. */
const lookAtServed = (
  { renewal: { chainsAt } }: Deps,
  { way }: Hand,
  pairs: readonly Described[],
  signal: AbortSignal,
) => Promise.all(pairs.map((pair) => lookAtProofs({ chainsAt, way, signal }, pair)));

/** An ACME directory has to be shown that names are ours, and it was not said how. */
const lacksWay = ({ facts: { issuer, challenge } }: Described): boolean =>
  issuer?.kind === "acme" && challenge === null;

async function lookAtWaysOf(hand: Hand, pairs: readonly Described[]): Promise<WayFacts | null> {
  const seen = await lookAtWays(hand);
  if (seen.kind === "lost") throw new HandLost(seen.message);
  return seen.kind === "seen"
    ? readWayFacts(seen.look, [...new Set(pairs.flatMap(({ facts }) => bare(facts.names)))])
    : null;
}

function wayOf({ facts }: Described, ways: WayFacts | null): Pick<PairFacts, "challenge" | "whyNoChallenge"> {
  const { way, why } = chooseChallenge(bare(facts.names), ways);
  return { challenge: way, whyNoChallenge: why };
}

async function lookAtServers(hand: Hand, pairs: readonly Described[]) {
  const seen: Exclude<Awaited<ReturnType<typeof lookAtConsumers>>, { lost: string }>[] = [];
  for (const { facts, found } of pairs) {
    const told = await lookAtConsumers(hand, facts.consumers, found.files);
    if ("lost" in told) throw new HandLost(told.lost);
    seen.push(told);
  }
  return seen;
}

async function lookAtFiles(hand: Hand, pairs: readonly Described[]): Promise<PairFileFacts[][]> {
  const seen: PairFileFacts[][] = [];
  for (const { facts, found, described } of pairs) {
    const isDescribed = found.uses.every(({ server }) => server === "described");
    const files = await lookAtPairFiles(
      hand,
      { files: found.files, sha256: facts.sha256 },
      isDescribed ? described : null,
    );
    if ("lost" in files) throw new HandLost(files.lost);
    seen.push(files);
  }
  return seen;
}

async function lookAtLogin({ now }: Deps, hand: Hand) {
  const look = await lookAtHost(hand);
  if (look.kind === "lost") throw new HandLost(look.message);
  return {
    hostKey: hand.hostKey.fingerprint,
    clockOffset: look.host.epochSeconds - Math.round(now().getTime() / 1_000),
    deadMen: look.host.deadMan,
    login: { account: hand.user, isRoot: hand.uid === 0, key: hand.loginKey, from: null },
    unread: null,
  };
}

const baseOf = ({ known }: SoughtHost): HostFacts => ({
  ...{ host: known.host, port: known.port, user: known.user, useSudo: known.useSudo, hostKey: known.pinned },
  ...{
    labels: known.tags,
    os: known.os,
    jumpFor: 0,
    unread: null,
    asOf: null,
    clockOffset: null,
    deadMen: [],
  },
  login: { account: known.user ?? "", isRoot: false, key: null, from: null },
  ...{ accounts: [], files: [], unreadKeys: [], holders: [], daemon: null },
});

const unread = (base: HostFacts, pairs: readonly Described[], why: string): Seen => ({
  host: { ...base, unread: why },
  pairs: pairs.map(({ facts }) => facts),
});

type Described = {
  facts: PairFacts;
  found: FoundPair;
  described: RenewalWish["described"];
  points: ReturnType<typeof choosePoints>["points"];
  /** The certificates that other places of the host are for. */
  others: ReadonlySet<string>;
};

/** A certificate as the inventory knows it, once for each pair of files that it is in. */
function readPairs(
  { store, issuers, now }: Deps,
  asked: Asked,
  { known: host, certificates, wishes }: SoughtHost,
  sha256: string,
): Described[] {
  const { servers, certificates: renewed } = store.runbooks;
  const own = wishes?.get(sha256);
  const wish = own ?? asked.wish;
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
  const about = {
    ...{ sha256, subject, names, notAfter, keyType, keyBits, curve, issuer, whyNoIssuer: why },
    purposes: openCertificate(certificate.der)?.extensions.purposes ?? null,
    hostsInCommon: servers.hostsHolding(sha256).length,
    whyNoChallenge: "",
    challenge: wish.challenge ?? (issuer?.kind === "acme" ? issuer.challenge : null),
    ...{ files: [], proofs: [] },
    ...(own && { wish: own }),
  };
  if (pairs.length === 0)
    return [
      {
        facts: { ...about, consumers: [], wonders: [], obstacle: sayUnread(holding) },
        ...{ found: NO_PAIR, described: null, points: [], others: new Set<string>() },
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
        wonders: [...wonders, ...unsure, ...unused],
        obstacle,
      },
      ...{ found, described: wish.described, points, others },
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
