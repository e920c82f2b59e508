import type { Account, Collection, RuleFile } from "#domain/collection/collection.ts";
import { findDoas } from "#domain/sudo/doas.ts";
import { guessBecoming } from "#domain/sudo/guess.ts";
import { readSudoers } from "#domain/sudo/read-sudoers.ts";
import { findBecoming } from "#domain/sudo/who-becomes.ts";
import { judgeWithin } from "#domain/work-budget.ts";
import type { Becoming } from "#shared/model/becoming.ts";
import type { HostReach } from "#shared/model/host-reach.ts";
import { findOutbound } from "./outbound.ts";

/** `tooMuch`: what was not judged because it is too much. */
type Judged = { reach: HostReach; problems: { what: string; why: string }[]; tooMuch: string[] };

/** So many steps may each of these cost; see work-budget.ts. */
const MOST_STEPS = 15_000_000;

const RULES = "who becomes whom";
const OUTBOUND = "where its accounts have been";

/** Who becomes whom on a host, which agents are open there, and where its accounts have been. */
export function judgeReach(collection: Collection): Judged {
  const { accounts, reach, unread } = collection;
  const unreadRules = unread.filter(({ kind }) => kind === "sudo").map(({ path }) => path);
  const tooMuch: string[] = [];
  const without = (what: string) => {
    if (!tooMuch.includes(what)) tooMuch.push(what);
  };
  const sudo = judgeWithin(
    MOST_STEPS,
    () => judgeSudo(collection, unreadRules),
    (): Told => {
      without(RULES);
      return { becoming: guessBecoming(accounts, "sudoers"), problems: [] };
    },
  );
  const doas = judgeWithin(
    MOST_STEPS,
    () => judgeDoas(reach.doas, accounts),
    (): Told => {
      without(RULES);
      return { becoming: [], problems: [] };
    },
  );
  const outbound = judgeWithin(
    MOST_STEPS,
    () => findOutbound(reach.outbound),
    () => {
      without(OUTBOUND);
      return [];
    },
  );
  const areRulesRead = unreadRules.length === 0 && collection.incomplete === null && !tooMuch.includes(RULES);
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

type Told = { becoming: Becoming[]; problems: string[] };

function judgeSudo({ accounts, facts, reach }: Collection, unreadRules: readonly string[]): Told {
  const first = reach.sudoers[0]?.path ?? null;
  const guesses = unreadRules[0] === undefined ? [] : guessBecoming(accounts, unreadRules[0]);
  if (first === null) return { becoming: guesses, problems: [] };
  const refused = reach.sudoers.flatMap((file) => whyRefused(file) ?? []);
  const files = new Map(
    reach.sudoers.filter((file) => whyRefused(file) === null).map(({ path, bytes }) => [path, bytes]),
  );
  const sudoers = readSudoers({ first, files, folders: reach.sudoersFolders }, facts.hostname);
  const told = findBecoming(sudoers, { accounts, hostname: facts.hostname });
  // A part of the rules may refuse what another one allows.
  const becoming = unreadRules.length === 0 ? told : told.map((one) => ({ ...one, isCertain: false }));
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

function judgeDoas(files: readonly RuleFile[], accounts: readonly Account[]): Told {
  const [file] = files;
  if (!file) return { becoming: [], problems: [] };
  if (file.entry.uid !== 0 || (file.entry.mode & 0o022) !== 0)
    return { becoming: [], problems: [`doas refuses ${file.path}: others than root may write it`] };
  return findDoas(file, accounts);
}
