import type { EvaluatedGrant } from "#domain/ssh/effective.ts";
import type { AccountKind, KindReason, PasswordState } from "#shared/model/access/account.ts";
import type { Workload } from "#shared/model/access/workload.ts";
import type { UidRange } from "#shared/model/hosts/host-programs.ts";

/** What is known of one account when its kind is evaluated. */
export type AccountEvidence = {
  name: string;
  uid: number;
  shell: string;
  /** Null: not known. */
  isShellUsable: boolean | null;
  passwordState: PasswordState;
  /** Null: not known. */
  workloads: readonly Workload[] | null;
  /**
   * Keys that may open it, and those of them that give one command, or files, alone; null: some may not have been read.
   */
  keys: { count: number; forced: number } | null;
  /** Certificates open it, or may, or a log has a login to it. */
  isEnteredOtherwise: boolean;
  /** Whose its keys are; null: of some that is not known, and of the others nobody, or one person. */
  people: Extract<KindReason, { what: "one-person" | "several-people" }> | null;
};

/** What login.defs(5) has as UID_MIN, the first number of ordinary users, on a host that says nothing else. */
export const USUAL_FIRST = 1_000;

/** What is known of the uids of a host that says nothing of them. */
const USUAL_RANGE: UidRange = { min: null, max: null, systemMax: null };

const NOBODY = 65_534;

/** systemd gives these to services with DynamicUser=; nobody keeps one. */
const DYNAMIC = { first: 61_184, last: 65_519 };

/** Programs that let nobody in as a shell. */
const NO_LOGIN: ReadonlySet<string> = new Set(["nologin", "false", "true", "sync", "shutdown", "halt"]);

/** The line gives no shell, but one command, or files. */
export const isForcedGrant = ({ verdict }: EvaluatedGrant): boolean =>
  verdict.effective.gives.length > 0 && !verdict.effective.gives.includes("shell");

/** Whether a shell lets somebody in; null: not known. */
export const isLoginShell = (shell: string, isUsable: boolean | null): boolean | null =>
  NO_LOGIN.has(shell.slice(shell.lastIndexOf("/") + 1)) ? false : isUsable;

/** Whole words of names that are usual for what runs by itself. */
const AUTOMATION: ReadonlySet<string> = new Set(
  [
    "ansible automation backup bot ci cicd cron deploy deployer git github gitlab icinga jenkins monitoring nagios",
    "prometheus provision puppet rsync runner svc terraform zabbix",
  ].flatMap((line) => line.split(" ")),
);

type Evaluated = { kind: AccountKind; reasons: KindReason[] };

/**
 * Of which kind an account is, and why: what decided comes first, then what speaks for or against it. Where what is
 * known points to several kinds, or to none, the kind is unknown.
 */
export function evaluateKind(evidence: AccountEvidence, uids: UidRange = USUAL_RANGE): Evaluated {
  const { uid } = evidence;
  // Another name for root is somebody's doing.
  if (uid === 0)
    return { kind: evidence.name === "root" ? "system" : "unknown", reasons: [{ what: "root" }] };
  const first = uids.min ?? USUAL_FIRST;
  const isOrdinary = uid >= first && uid !== NOBODY && !(uid >= DYNAMIC.first && uid <= DYNAMIC.last);
  const number: KindReason =
    uid === NOBODY
      ? { what: "nobody" }
      : {
          what: "number",
          isOrdinary,
          isAbove: uids.max !== null && uid > uids.max,
          first,
          last: uids.max,
          systemLast: uids.systemMax,
        };
  const signs = readSigns(evidence, { isOrdinary, number });
  const evaluated = isOrdinary ? evaluateOrdinary(signs) : evaluateReserved(signs);
  const missing = findMissing(evidence, evaluated.kind);
  return missing === null ? evaluated : { kind: "unknown", reasons: [missing, ...evaluated.reasons] };
}

/** What was not read and is part of what shows the kind: that nothing runs as it, or that nobody has a key to it. */
function findMissing({ workloads, keys }: AccountEvidence, kind: AccountKind): KindReason | null {
  if (workloads === null && (kind === "person" || kind === "system")) return { what: "workloads-not-read" };
  return keys === null && kind === "system" ? { what: "keys-not-read" } : null;
}

type Signs = {
  /** Whether its shell lets somebody in; null: not known. */
  isLogin: boolean | null;
  password: PasswordState;
  keys: { count: number; forced: number };
  isEnteredOtherwise: boolean;
  /** Something starts programs as it, whether or not somebody has logged in. */
  runs: KindReason[];
  named: KindReason[];
  people: AccountEvidence["people"];
  number: KindReason;
  shell: KindReason;
  passwordReason: KindReason;
  keyReason: KindReason[];
};

function readSigns(
  {
    name,
    shell,
    isShellUsable,
    passwordState,
    workloads,
    isEnteredOtherwise,
    people,
    ...evidence
  }: AccountEvidence,
  { isOrdinary, number }: { isOrdinary: boolean; number: KindReason },
): Signs {
  const keys = evidence.keys ?? { count: 0, forced: 0 };
  const isLogin = isLoginShell(shell, isShellUsable);
  const run = (workloads ?? []).filter((one) => runsByItself(one, isOrdinary));
  const words = name.toLowerCase().split(/[^a-z]+/);
  return {
    isLogin,
    password: passwordState,
    keys,
    isEnteredOtherwise,
    people,
    runs: run.slice(0, 1).map((one) => ({
      what: "runs",
      kind: one.kind,
      name: one.kind === "at" ? one.path : one.kind === "cron" ? (one.program ?? one.path) : one.name,
      count: run.length,
    })),
    named: words
      .filter((word) => AUTOMATION.has(word))
      .slice(0, 1)
      .map((word) => ({ what: "name", word })),
    number,
    shell: { what: "shell", shell, isLogin: isLogin !== false },
    passwordReason: { what: "password", state: passwordState },
    keyReason: [
      ...(keys.count > 0 ? [{ what: "keys", count: keys.count, forced: keys.forced } as const] : []),
      ...(people ? [people] : []),
    ],
  };
}

/** Of an account that people may have, what they may have left running themselves shows nothing. */
function runsByItself(workload: Workload, isOrdinary: boolean): boolean {
  switch (workload.kind) {
    case "unit":
      return workload.isEnabled || !isOrdinary;
    case "cron":
      return !isOrdinary || workload.path.startsWith("/etc/");
    case "process":
      return !isOrdinary && !workload.isContained;
    case "at":
      return false;
  }
}

/** An account with a number that the system keeps for itself. */
function evaluateReserved(signs: Signs): Evaluated {
  const { isLogin, password, keys, runs, named, number, shell, passwordReason, keyReason } = signs;
  if (runs.length > 0)
    return { kind: "service", reasons: [...runs, number, shell, passwordReason, ...keyReason] };
  if (keys.count > 0 && password === "locked" && (isForced(signs) || named.length > 0))
    return { kind: "bot", reasons: [...keyReason, number, shell, passwordReason, ...named] };
  const isShut =
    keys.count === 0 && !signs.isEnteredOtherwise && (isLogin === false || password === "locked");
  const reasons = [number, shell, passwordReason, ...keyReason, ...named];
  return { kind: isShut ? "system" : "unknown", reasons };
}

/** An account with a number of ordinary users, who are people, and whatever else somebody has made an account for. */
function evaluateOrdinary(signs: Signs): Evaluated {
  const { isLogin, password, keys, runs, named, number, shell, passwordReason, keyReason, people } = signs;
  if (runs.length > 0) {
    const isForPeople = isLogin !== false && (password !== "locked" || keys.forced < keys.count);
    const reasons = [...runs, passwordReason, shell, ...keyReason, ...named];
    return { kind: isForPeople ? "unknown" : "service", reasons };
  }
  // What is called so and is entered by people alone speaks for both.
  const isPeoples = people !== null && (people.what === "one-person" || people.isAll);
  const isBots = isForced(signs) || (isLogin !== false && named.length > 0 && !isPeoples);
  if (keys.count > 0 && password === "locked" && isBots)
    return { kind: "bot", reasons: [...keyReason, passwordReason, ...named, shell] };
  const isTheirs = people?.what === "one-person" && people.isUsed && !isForced(signs);
  if (isLogin && isTheirs && named.length === 0 && (password === "locked" || password === "set"))
    return { kind: "person", reasons: [...keyReason.toReversed(), number, passwordReason, shell] };
  if (people?.what === "several-people")
    return { kind: "unknown", reasons: [people, ...named, passwordReason, shell, number] };
  if (isLogin && password === "set" && named.length === 0)
    return { kind: "person", reasons: [number, passwordReason, shell, ...keyReason] };
  return { kind: "unknown", reasons: [...named, passwordReason, shell, ...keyReason, number] };
}

/** Its keys give no shell, by what stands there: without a login shell none does, and that is how people are shut out, too. */
const isForced = ({ keys, isLogin }: Signs): boolean =>
  keys.count > 0 && keys.forced === keys.count && isLogin !== false;
