import type { Account, Collection, RuleFile } from "#domain/collection/collection.ts";
import { findDoas } from "#domain/sudo/doas.ts";
import { guessEscalation } from "#domain/sudo/guess.ts";
import { readSudoers } from "#domain/sudo/read-sudoers.ts";
import { findEscalation } from "#domain/sudo/who-becomes.ts";
import { evaluateWithin } from "#domain/work-budget.ts";
import type { Escalation } from "#shared/model/becoming.ts";
import type { HostReach } from "#shared/model/host-reach.ts";
import { findOutbound } from "./outbound.ts";

/** `tooMuch`: what was not judged because it is too much. */
type Judged = { reach: HostReach; problems: { what: string; why: string }[]; tooMuch: string[] };

/** So many steps may each of these cost; see work-budget.ts. */
const MOST_STEPS = 15_000_000;

const RULES = "who becomes whom";
const OUTBOUND = "where its accounts have been";

/** Who becomes whom on a host, which agents are open there, and where its accounts have been. */
export function evaluateReach(collection: Collection): Judged {
  const { accounts, reach, unread } = collection;
  const unreadableRules = unread.filter(({ kind }) => kind === "sudo").map(({ path }) => path);
  const tooMuch: string[] = [];
  const without = (what: string) => {
    if (!tooMuch.includes(what)) tooMuch.push(what);
  };
  const sudo = evaluateWithin(
    MOST_STEPS,
    () => evaluateSudo(collection, unreadableRules),
    (): Told => {
      without(RULES);
      return { becoming: guessEscalation(accounts, "sudoers"), problems: [] };
    },
  );
  const doas = evaluateWithin(
    MOST_STEPS,
    () => evaluateDoas(reach.doas, accounts),
    (): Told => {
      without(RULES);
      return { becoming: [], problems: [] };
    },
  );
  const outbound = evaluateWithin(
    MOST_STEPS,
    () => findOutbound(reach.outbound),
    () => {
      without(OUTBOUND);
      return [];
    },
  );
  const areRulesRead =
    unreadableRules.length === 0 && collection.incomplete === null && !tooMuch.includes(RULES);
  const nameOf = namesByUid(accounts);
  return {
    reach: {
      becoming: [...sudo.becoming, ...doas.becoming],
      areRulesRead,
      agents: reach.agents.map(({ path, uid, kind }) => ({ path, kind, account: nameOf(uid) })),
      outbound,
      unreadPaths: unread.filter(({ kind }) => kind !== "trust-store").map(({ path }) => path),
    },
    problems: [...sudo.problems, ...doas.problems].map((why) => ({ what: RULES, why })),
    tooMuch,
  };
}

/** Of several accounts of a number it is the first. */
function namesByUid(accounts: readonly Account[]): (uid: number) => string {
  const names = new Map(accounts.toReversed().map(({ uid, name }) => [uid, name]));
  return (uid) => names.get(uid) ?? String(uid);
}

type Told = { becoming: Escalation[]; problems: string[] };

function evaluateSudo({ accounts, facts, reach }: Collection, unreadableRules: readonly string[]): Told {
  const first = reach.sudoers[0]?.path ?? null;
  const guesses = unreadableRules[0] === undefined ? [] : guessEscalation(accounts, unreadableRules[0]);
  if (first === null) return { becoming: guesses, problems: [] };
  const refused = reach.sudoers.flatMap((file) => whyRefused(file) ?? []);
  const files = new Map(
    reach.sudoers.filter((file) => whyRefused(file) === null).map(({ path, bytes }) => [path, bytes]),
  );
  const sudoers = readSudoers({ first, files, folders: reach.sudoersFolders }, facts.hostname);
  const told = findEscalation(sudoers, { accounts, hostname: facts.hostname });
  // A part of the rules may refuse what another one allows.
  const becoming = unreadableRules.length === 0 ? told : told.map((one) => ({ ...one, isCertain: false }));
  const known = new Set(becoming.map(({ account }) => account));
  return {
    becoming: [...becoming, ...guesses.filter(({ account }) => !known.has(account))],
    problems: [...refused, ...sudoers.problems].slice(0, MOST_PROBLEMS),
  };
}

const MOST_PROBLEMS = 50;

/** sudo does not read a file that another account than root could have written. */
function whyRefused({ path, entry }: RuleFile): string | null {
  const isOthers = (entry.mode & 0o002) !== 0 || ((entry.mode & 0o020) !== 0 && entry.gid !== 0);
  if (entry.uid !== 0) return `sudo refuses ${path}: it belongs to uid ${entry.uid}`;
  return isOthers ? `sudo refuses ${path}: others than root may write it` : null;
}

function evaluateDoas(files: readonly RuleFile[], accounts: readonly Account[]): Told {
  const [file] = files;
  if (!file) return { becoming: [], problems: [] };
  if (file.entry.uid !== 0 || (file.entry.mode & 0o022) !== 0)
    return { becoming: [], problems: [`doas refuses ${file.path}: others than root may write it`] };
  return findDoas(file, accounts);
}
