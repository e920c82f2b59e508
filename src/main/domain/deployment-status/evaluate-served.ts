import type { Choice } from "#domain/server-configs/choose-binding.ts";
import type { Configuration, Pair, Serving } from "#domain/server-configs/configuration.ts";
import { describeClash, findClashAt, oneOfEachKind } from "#domain/server-configs/deployments-for-client.ts";
import type { ServedState } from "#shared/model/served.ts";
import { nameSome } from "#shared/text/certificate-finding.ts";
import {
  type Difference,
  explainDifference,
  findReloadConcerns,
  formatOlder,
  formatTime,
  type ReloadConcern,
  whyNotReloaded,
} from "./explain-difference.ts";
import {
  type AtPort,
  chosenNames,
  type Files,
  findStrangers,
  isOfOther,
  type Known,
  type MapIndex,
  type Sight,
} from "./host-map.ts";
import { chooseNarrowed } from "./narrow-choice.ts";

/** Where the sight belongs in a configuration, and what came of it. `servings`: where its certificate may be from; none: it is not known. */
export type Judged = {
  configuration: Configuration;
  servings: readonly Serving[];
  /** Those of the serving that this handshake tells of: of its others, for keys of another kind, it tells nothing. */
  pairs: readonly Pair[];
  state: Exclude<ServedState, "not-seen" | "never-served">;
  /** Where it differs, how that came about; null for every other state. */
  difference: Difference | null;
  evidence: string[];
  /** What keeps that server from starting and from reloading, as phrases. */
  blocked: string[];
  /** What of the certificate in the file is to be looked at before that server takes it up. */
  concerns: readonly ReloadConcern[];
};

type Chosen = { rival: AtPort; choice: Exclude<Choice, { kind: "none" }> };
type Meant = { rival: AtPort; pairs: readonly Pair[]; isAlone: boolean };
type Verdict = Pick<Judged, "pairs" | "state" | "difference" | "evidence">;

/**
 * Whether an endpoint serves what the configurations of its host say, and why not. Null where no configuration that was
 * read says anything of that port. Nothing is called a mismatch where what is meant to be served is not known.
 */
export function judgeServed(map: MapIndex, files: Files, sight: Sight): Judged | null {
  const { address, port, name } = sight;
  const listening = map.listening(address, port);
  const all = map.at(port).filter(({ configuration }) => !isOfOther(listening, configuration));
  const own = all.filter(({ configuration }) => findStrangers(listening, configuration.server).length === 0);
  const rivals = own.length > 0 ? own : all;
  const chosen = findFirst(rivals, (rival): Chosen | null => {
    const asked = { address, port, name };
    const choice = chooseNarrowed(rival.narrow(asked), asked, (path) => chosenNames(files.heldNow(path)));
    return choice.kind === "none" ? null : { rival, choice };
  });
  if (!chosen) return null;
  const { rival, choice } = chosen;
  const { configuration } = rival;
  const blocked = map.problemsIn(configuration);
  const known = { map, files, sight, listening };
  const evaluateChosen = ({ servings, pairs: all }: Extract<Choice, { kind: "chosen" }>): Judged => {
    const kindOf = (path: string) => files.heldNow(path)?.keyType ?? null;
    const { servings: near } = rival.narrow(sight).configuration;
    const clash = findClashAt({ ...configuration, servings: near }, servings, kindOf);
    if (clash !== null)
      return {
        configuration,
        blocked,
        servings: [],
        pairs: [],
        concerns: [],
        state: "cannot-tell",
        difference: null,
        evidence: [describeClash(clash)],
      };
    const pairs = oneOfEachKind(configuration, all, kindOf);
    const meant = { rival, pairs, isAlone: rivals.length === 1 };
    const verdict = judge(known, meant);
    return { configuration, blocked, servings, ...verdict, concerns: findConcerns(known, verdict) };
  };
  if (choice.kind === "chosen") return evaluateChosen(choice);
  const left = chooseBesideLost(known, rival);
  const beside = left.kind === "chosen" ? evaluateChosen(left) : null;
  // What a file that is lost held before may be what is to be served, so that nothing else is said.
  if (beside?.state === "agrees") return beside;
  const lost = findLost(known, rival);
  if (lost) return { configuration, blocked, ...lost, state: "cannot-tell", difference: null, concerns: [] };
  return { configuration, blocked, servings: [], ...isUnsure(choice.why), concerns: [] };
}

/** What is served for other names may well be of another issuer. */
function findConcerns(
  { files, sight: { leaf, askedAt, readAt } }: Known,
  { pairs: [pair], state }: Verdict,
): ReloadConcern[] {
  const now = pair && files.heldNow(pair.certificate.path);
  if (!now || state === "agrees") return [];
  const at = Number.isFinite(readAt) ? Math.max(askedAt, readAt) : askedAt;
  return findReloadConcerns({ served: state === "other-listed" ? null : leaf, now, at });
}

const isLost = ({ map, files }: Known, { certificate: { path } }: Pair): boolean =>
  files.heldNow(path) === null && map.problemOf(path) !== null;

/** The file that is lost and held what is served. */
function findLost(
  known: Known,
  { configuration, pairs }: AtPort,
): Pick<Judged, "servings" | "pairs" | "evidence"> | null {
  const { map, files, sight } = known;
  const until = files.heldUntil(sight.leaf.sha256);
  const pair = pairs.find((one) => until.has(one.certificate.path) && isLost(known, one));
  if (!pair) return null;
  const { path } = pair.certificate;
  return {
    servings: configuration.servings.filter((serving) => serving.pairs.includes(pair)),
    pairs: [pair],
    evidence: [
      `${until.get(path)} ${path} still held the certificate that is served`,
      ...[map.problemOf(path)].flatMap((problem) => problem ?? []),
    ],
  };
}

/** As if files that are lost were for no name: as they are they lead no client to anything. */
function chooseBesideLost(known: Known, rival: AtPort): Choice {
  const { files, sight } = known;
  const { address, port, name } = sight;
  const asked = { address, port, name };
  const narrowed = rival.narrow(asked);
  const servings = narrowed.configuration.servings.map((serving) =>
    serving.namesFromCertificate && serving.pairs.every((pair) => isLost(known, pair))
      ? { ...serving, namesFromCertificate: false, names: [] }
      : serving,
  );
  const configuration = { ...narrowed.configuration, servings };
  return chooseNarrowed({ ...narrowed, configuration }, asked, (path) => chosenNames(files.heldNow(path)));
}

const isUnsure = (why: string): Verdict => ({
  pairs: [],
  state: "cannot-tell",
  difference: null,
  evidence: [why],
});

function findFirst<From, To>(things: readonly From[], find: (thing: From) => To | null): To | null {
  for (const thing of things) {
    const found = find(thing);
    if (found) return found;
  }
  return null;
}

function judge(known: Known, { rival, pairs: chosen, isAlone }: Meant): Verdict {
  const { map, files, sight, listening } = known;
  const { server } = rival.configuration;
  const { leaf } = sight;
  const shown = chosen.filter((pair) => files.heldNow(pair.certificate.path)?.sha256 === leaf.sha256);
  if (shown[0]) {
    const evidence = [`it is the first certificate in ${shown[0].certificate.path}`];
    return { pairs: shown, state: "agrees", difference: null, evidence };
  }
  const pairs = ofKeyType(files, chosen, leaf.keyType);
  const tell = (state: Judged["state"], evidence: string[]): Verdict => ({
    pairs,
    state,
    evidence,
    difference: null,
  });
  if (!isAlone)
    return tell("cannot-tell", [
      "more than one server is set up for this port, and it is not known which of them listens",
    ]);
  const strangers = findStrangers(listening, server);
  if (strangers.length > 0)
    return tell("other-process", [`${strangers.join(", ")} listens there, and not ${server}`]);
  const broken = pairs.flatMap(({ certificate }) => map.problemOf(certificate.path) ?? []);
  if (broken.length > 0) return tell("cannot-tell", nameSome(broken, broken.length, "file"));
  const late = pairs.flatMap((pair) => formatWrittenSince(known, server, pair));
  if (late.length > 0) return tell("cannot-tell", nameSome(late, late.length, "file"));
  const stale = findFirst(pairs, (pair) => {
    const evidence = whyNotReloaded(known, rival, pair);
    return evidence && { pairs: [pair], state: "not-reloaded" as const, difference: null, evidence };
  });
  if (stale) return stale;
  const unread = pairs.find((pair) => files.heldNow(pair.certificate.path) === null);
  if (unread || pairs.length === 0) {
    const path = unread?.certificate.path ?? "its file";
    return tell("cannot-tell", [`no certificate in ${path} was read, so what is to be served is not known`]);
  }
  return { pairs, ...explainDifference(known, pairs) };
}

/** Those that a handshake with such a leaf can tell of. Of a file that was not read that is not known; without any it is all of them. */
function ofKeyType(files: Files, pairs: readonly Pair[], keyType: string): readonly Pair[] {
  const fitting = pairs.filter(({ certificate }) => {
    const held = files.heldNow(certificate.path);
    return held === null || held.keyType === keyType;
  });
  return fitting.length > 0 ? fitting : pairs;
}

/**
 * Whenever these reload, their first process starts others, which listen as well and tell of it by their age. The others take up a file in the
 * processes that they have, or start one only when somebody connects (Postfix, Dovecot), so that a first process that is older tells nothing.
 */
const STARTS_BY_RELOAD: ReadonlySet<Configuration["server"]> = new Set(["nginx", "apache"]);

/** The clocks of a host and of this computer may differ by as much. */
const CLOCKS_DIFFER_S = 300;

/**
 * That the file was written after the endpoint was asked, or may have been: what it serves by now nobody has seen. Nothing where the
 * processes that listen tell by their age that none of them has read the file.
 */
function formatWrittenSince(
  { map, sight, listening }: Known,
  server: Configuration["server"],
  { certificate: { path } }: Pair,
): string[] {
  const writtenAt = map.writtenAt(path);
  if (writtenAt === null) return [];
  const ahead = writtenAt - sight.askedAt;
  // Where the host was read in the same scan or before, the file was there; otherwise it may have been written, and taken up, since.
  if (ahead <= (sight.askedAt >= sight.readAt ? CLOCKS_DIFFER_S : -CLOCKS_DIFFER_S)) return [];
  // A single process takes up everything itself.
  const isToldByAge = STARTS_BY_RELOAD.has(server) && listening.processCount > 1;
  if (isToldByAge && formatOlder(map, path, listening).length > 0) return [];
  const when = ahead > CLOCKS_DIFFER_S ? "before that, at" : "at about that time, at";
  return [
    `${path} was written at ${formatTime(writtenAt)}, and the endpoint was last asked ${when} ${formatTime(sight.askedAt)}: ask it again`,
  ];
}
