import type { Choice } from "#domain/server-configs/choose-binding.ts";
import type { Configuration, Deployment, TlsBinding } from "#domain/server-configs/configuration.ts";
import { describeClash, findClashAt, oneOfEachKind } from "#domain/server-configs/deployments-for-client.ts";
import type { ServedState } from "#shared/model/certificates/served.ts";
import { nameSome } from "#shared/text/findings/certificate-finding.ts";
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

/**
 * The configuration that an observed certificate belongs to, and the state. `bindings`: those that may have presented
 * it; empty: not known.
 */
export type ServedVerdict = {
  configuration: Configuration;
  bindings: readonly TlsBinding[];
  /**
   * Deployments of the binding that this handshake is evidence of. It is no evidence of those with keys of another
   * kind.
   */
  deployments: readonly Deployment[];
  state: Exclude<ServedState, "not-seen" | "never-served">;
  /** How a difference came about; null for every other state. */
  difference: Difference | null;
  evidence: string[];
  /** What keeps that server from starting and from reloading, as phrases. */
  blocked: string[];
  /** What to check of the certificate in the file before that server reloads. */
  concerns: readonly ReloadConcern[];
};

type Chosen = { rival: AtPort; choice: Exclude<Choice, { kind: "none" }> };
type Meant = { rival: AtPort; deployments: readonly Deployment[]; isAlone: boolean };
type Verdict = Pick<ServedVerdict, "deployments" | "state" | "difference" | "evidence">;

/**
 * Whether an endpoint serves what the configurations of its host say, and why not. Null if no configuration that was
 * read mentions that port. Nothing is called a mismatch unless the intended certificate is known.
 */
export function evaluateServed(map: MapIndex, files: Files, sight: Sight): ServedVerdict | null {
  const { address, port, name } = sight;
  const listening = map.listening(address, port);
  const all = map.at(port).filter(({ configuration }) => !isOfOther(listening, configuration));
  const own = all.filter(({ configuration }) => findStrangers(listening, configuration.server).length === 0);
  const rivals = own.length > 0 ? own : all;
  const chosen = findFirst(rivals, (rival): Chosen | null => {
    const query = { address, port, name };
    const choice = chooseNarrowed(rival.narrow(query), query, (path) => chosenNames(files.heldNow(path)));
    return choice.kind === "none" ? null : { rival, choice };
  });
  if (!chosen) return null;
  const { rival, choice } = chosen;
  const { configuration } = rival;
  const blocked = map.problemsIn(configuration);
  const known = { map, files, sight, listening };
  const evaluateChosen = ({
    bindings,
    deployments: all,
  }: Extract<Choice, { kind: "chosen" }>): ServedVerdict => {
    const kindOf = (path: string) => files.heldNow(path)?.keyType ?? null;
    const { bindings: near } = rival.narrow(sight).configuration;
    const clash = findClashAt({ ...configuration, bindings: near }, bindings, kindOf);
    if (clash !== null)
      return {
        configuration,
        blocked,
        bindings: [],
        deployments: [],
        concerns: [],
        state: "unknown",
        difference: null,
        evidence: [describeClash(clash)],
      };
    const deployments = oneOfEachKind(configuration, all, kindOf);
    const meant = { rival, deployments, isAlone: rivals.length === 1 };
    const verdict = evaluate(known, meant);
    return { configuration, blocked, bindings, ...verdict, concerns: findConcerns(known, verdict) };
  };
  if (choice.kind === "chosen") return evaluateChosen(choice);
  const left = chooseBesideLost(known, rival);
  const beside = left.kind === "chosen" ? evaluateChosen(left) : null;
  // A lost file may have held the certificate that is meant to be served, so no other state is certain.
  if (beside?.state === "agrees") return beside;
  const lost = findLost(known, rival);
  if (lost) return { configuration, blocked, ...lost, state: "unknown", difference: null, concerns: [] };
  return { configuration, blocked, bindings: [], ...isUnsure(choice.why), concerns: [] };
}

/** A certificate that is served for other names may well have another issuer. */
function findConcerns(
  { files, sight: { leaf, probedAt, readAt } }: Known,
  { deployments: [deployment], state }: Verdict,
): ReloadConcern[] {
  const now = deployment && files.heldNow(deployment.certificate.path);
  if (!now || state === "agrees") return [];
  const at = Number.isFinite(readAt) ? Math.max(probedAt, readAt) : probedAt;
  return findReloadConcerns({ served: state === "other-listed" ? null : leaf, now, at });
}

const isLost = ({ map, files }: Known, { certificate: { path } }: Deployment): boolean =>
  files.heldNow(path) === null && map.problemOf(path) !== null;

/** The lost file that once held the certificate that is served. */
function findLost(
  known: Known,
  { configuration, deployments }: AtPort,
): Pick<ServedVerdict, "bindings" | "deployments" | "evidence"> | null {
  const { map, files, sight } = known;
  const until = files.heldUntil(sight.leaf.sha256);
  const deployment = deployments.find((one) => until.has(one.certificate.path) && isLost(known, one));
  if (!deployment) return null;
  const { path } = deployment.certificate;
  return {
    bindings: configuration.bindings.filter((binding) => binding.deployments.includes(deployment)),
    deployments: [deployment],
    evidence: [
      `${until.get(path)} ${path} still held the certificate that is served`,
      ...[map.problemOf(path)].flatMap((problem) => problem ?? []),
    ],
  };
}

/** Chooses as if lost files had no names: in their present state they lead no client to a binding. */
function chooseBesideLost(known: Known, rival: AtPort): Choice {
  const { files, sight } = known;
  const { address, port, name } = sight;
  const query = { address, port, name };
  const narrowed = rival.narrow(query);
  const bindings = narrowed.configuration.bindings.map((binding) =>
    binding.namesFromCertificate && binding.deployments.every((deployment) => isLost(known, deployment))
      ? { ...binding, namesFromCertificate: false, names: [] }
      : binding,
  );
  const configuration = { ...narrowed.configuration, bindings };
  return chooseNarrowed({ ...narrowed, configuration }, query, (path) => chosenNames(files.heldNow(path)));
}

const isUnsure = (why: string): Verdict => ({
  deployments: [],
  state: "unknown",
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

function evaluate(known: Known, { rival, deployments: chosen, isAlone }: Meant): Verdict {
  const { map, files, sight, listening } = known;
  const { server } = rival.configuration;
  const { leaf } = sight;
  const shown = chosen.filter(
    (deployment) => files.heldNow(deployment.certificate.path)?.sha256 === leaf.sha256,
  );
  if (shown[0]) {
    const evidence = [`it is the first certificate in ${shown[0].certificate.path}`];
    return { deployments: shown, state: "agrees", difference: null, evidence };
  }
  const deployments = ofKeyType(files, chosen, leaf.keyType);
  const verdictOf = (state: ServedVerdict["state"], evidence: string[]): Verdict => ({
    deployments,
    state,
    evidence,
    difference: null,
  });
  if (!isAlone)
    return verdictOf("unknown", [
      "more than one server is set up for this port, and it is not known which of them listens",
    ]);
  const strangers = findStrangers(listening, server);
  if (strangers.length > 0)
    return verdictOf("other-process", [`${strangers.join(", ")} listens there, and not ${server}`]);
  const broken = deployments.flatMap(({ certificate }) => map.problemOf(certificate.path) ?? []);
  if (broken.length > 0) return verdictOf("unknown", nameSome(broken, broken.length, "file"));
  const late = deployments.flatMap((deployment) => formatWrittenSince(known, server, deployment));
  if (late.length > 0) return verdictOf("unknown", nameSome(late, late.length, "file"));
  const stale = findFirst(deployments, (deployment) => {
    const evidence = whyNotReloaded(known, rival, deployment);
    return (
      evidence && { deployments: [deployment], state: "not-reloaded" as const, difference: null, evidence }
    );
  });
  if (stale) return stale;
  const unreadable = deployments.find((deployment) => files.heldNow(deployment.certificate.path) === null);
  if (unreadable || deployments.length === 0) {
    const path = unreadable?.certificate.path ?? "its file";
    return verdictOf("unknown", [`no certificate in ${path} was read, so what is to be served is not known`]);
  }
  return { deployments, ...explainDifference(known, deployments) };
}

/**
 * Deployments that a handshake with this type of key is evidence of, or all if there are none. A file that was not read
 * may be one of them.
 */
function ofKeyType(files: Files, deployments: readonly Deployment[], keyType: string): readonly Deployment[] {
  const fitting = deployments.filter(({ certificate }) => {
    const held = files.heldNow(certificate.path);
    return held === null || held.keyType === keyType;
  });
  return fitting.length > 0 ? fitting : deployments;
}

/**
 * When these reload, their first process starts others, which listen as well: the age of those shows the reload. The
 * other servers load a file in the processes that they have, or start a process only when somebody connects (Postfix,
 * Dovecot), so that an older first process shows nothing.
 */
const STARTS_BY_RELOAD: ReadonlySet<Configuration["server"]> = new Set(["nginx", "apache"]);

/** The clocks of a host and of this computer may differ by this much. */
const CLOCKS_DIFFER_S = 300;

/**
 * Says that the file was, or may have been, written after the endpoint was probed: nobody has seen what it serves now.
 * Empty if the age of the listening processes shows that none of them has read the file.
 */
function formatWrittenSince(
  { map, sight, listening }: Known,
  server: Configuration["server"],
  { certificate: { path } }: Deployment,
): string[] {
  const writtenAt = map.writtenAt(path);
  if (writtenAt === null) return [];
  const ahead = writtenAt - sight.probedAt;
  // A host that was read in the same scan or before already had the file. Otherwise the file may have been written and
  // loaded since.
  if (ahead <= (sight.probedAt >= sight.readAt ? CLOCKS_DIFFER_S : -CLOCKS_DIFFER_S)) return [];
  // A single process loads new files itself, without starting another.
  const isExplainedByAge = STARTS_BY_RELOAD.has(server) && listening.processCount > 1;
  if (isExplainedByAge && formatOlder(map, path, listening).length > 0) return [];
  const when = ahead > CLOCKS_DIFFER_S ? "before that, at" : "at about that time, at";
  return [
    `${path} was written at ${formatTime(writtenAt)}, and the endpoint was last asked ${when} ${formatTime(sight.probedAt)}: ask it again`,
  ];
}
