import type { Account, Collection, Reach, RuleFile } from "#domain/collection/collection.ts";
import { readPublicKeyLine } from "#domain/ssh/key-blob.ts";
import { splitKeyword, splitWords } from "#domain/ssh/sshd-config.ts";
import { evaluateWithin, spend } from "#domain/work-budget.ts";
import type { Escalation, HostReach, Outbound } from "#shared/model/hosts/host-reach.ts";
import { findDoas } from "./doas.ts";
import { findByPrivilegedPaths, findExposedPrograms } from "./privileged-paths.ts";
import { readSudoers } from "./read-sudoers.ts";
import { findEscalation, guessEscalation } from "./sudo.ts";

/** `tooMuch`: what was not evaluated, since it exceeds the work budget. */
type ReachVerdict = { reach: HostReach; problems: { what: string; why: string }[]; tooMuch: string[] };

/** The work budget of each part, in steps; see work-budget.ts. */
const MOST_STEPS = 15_000_000;

const RULES = "who becomes whom";
const PRIVILEGED = "who may write to what makes root of them";
const OUTBOUND = "where its accounts have been";

/** Which account may become which on a host, its ssh-agent sockets, and the hosts that its accounts know. */
export function evaluateReach(collection: Collection): ReachVerdict {
  const { accounts, reach, unreadable, workloads } = collection;
  const unreadableRules = unreadable.filter(({ kind }) => kind === "sudo").map(({ path }) => path);
  const tooMuch: string[] = [];
  const without = (what: string) => {
    if (!tooMuch.includes(what)) tooMuch.push(what);
  };
  const sudo = evaluateWithin(
    MOST_STEPS,
    () => evaluateSudo(collection, unreadableRules),
    (): Escalations => {
      without(RULES);
      return { escalations: guessEscalation(accounts, "sudoers"), problems: [] };
    },
  );
  const doas = evaluateWithin(
    MOST_STEPS,
    () => evaluateDoas(reach.doas, accounts),
    (): Escalations => {
      without(RULES);
      return { escalations: [], problems: [] };
    },
  );
  const paths = evaluateWithin(
    MOST_STEPS,
    () =>
      findByPrivilegedPaths(
        [...reach.privilegedPaths, ...findExposedPrograms(workloads?.setuidPrograms ?? [])],
        collection,
      ),
    () => {
      without(PRIVILEGED);
      return [];
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
    unreadableRules.length === 0 &&
    collection.incomplete === null &&
    !tooMuch.includes(RULES) &&
    !tooMuch.includes(PRIVILEGED);
  const nameOf = namesByUid(accounts);
  return {
    reach: {
      escalations: [...sudo.escalations, ...doas.escalations, ...paths],
      areRulesRead,
      agents: reach.agents.map(({ path, uid, kind }) => ({ path, kind, account: nameOf(uid) })),
      outbound,
      unreadablePaths: unreadable.filter(({ kind }) => kind !== "trust-store").map(({ path }) => path),
    },
    problems: [...sudo.problems, ...doas.problems].map((why) => ({ what: RULES, why })),
    tooMuch,
  };
}

/** Of several accounts with one uid, the first counts. */
function namesByUid(accounts: readonly Account[]): (uid: number) => string {
  const names = new Map(accounts.toReversed().map(({ uid, name }) => [uid, name]));
  return (uid) => names.get(uid) ?? String(uid);
}

type Escalations = { escalations: Escalation[]; problems: string[] };

function evaluateSudo(
  { accounts, facts, reach }: Collection,
  unreadableRules: readonly string[],
): Escalations {
  const first = reach.sudoers[0]?.path ?? null;
  const guesses = unreadableRules[0] === undefined ? [] : guessEscalation(accounts, unreadableRules[0]);
  if (first === null) return { escalations: guesses, problems: [] };
  const refused = reach.sudoers.flatMap((file) => whyRefused(file) ?? []);
  const files = new Map(
    reach.sudoers.filter((file) => whyRefused(file) === null).map(({ path, bytes }) => [path, bytes]),
  );
  const sudoers = readSudoers({ first, files, folders: reach.sudoersFolders }, facts.hostname);
  const found = findEscalation(sudoers, { accounts, hostname: facts.hostname });
  // Rules that were not read may refuse what others allow.
  const escalations =
    unreadableRules.length === 0 ? found : found.map((one) => ({ ...one, isCertain: false }));
  const known = new Set(escalations.map(({ account }) => account));
  return {
    escalations: [...escalations, ...guesses.filter(({ account }) => !known.has(account))],
    problems: [...refused, ...sudoers.problems].slice(0, MOST_PROBLEMS),
  };
}

const MOST_PROBLEMS = 50;

/** sudo refuses a file that an account other than root could have written. */
function whyRefused({ path, entry }: RuleFile): string | null {
  const isOthers = (entry.mode & 0o002) !== 0 || ((entry.mode & 0o020) !== 0 && entry.gid !== 0);
  if (entry.uid !== 0) return `sudo refuses ${path}: it belongs to uid ${entry.uid}`;
  return isOthers ? `sudo refuses ${path}: others than root may write it` : null;
}

function evaluateDoas(files: readonly RuleFile[], accounts: readonly Account[]): Escalations {
  const [file] = files;
  if (!file) return { escalations: [], problems: [] };
  if (file.entry.uid !== 0 || (file.entry.mode & 0o022) !== 0)
    return { escalations: [], problems: [`doas refuses ${file.path}: others than root may write it`] };
  return findDoas(file, accounts);
}

/** The limit for one host. */
const MOST = 5_000;

/** The hosts that the accounts of a host know, from their known_hosts and ssh_config, each once for each file. */
function findOutbound(files: Reach["outbound"]): Outbound[] {
  const found = new Map<string, Outbound>();
  for (const { kind, path, account, bytes } of files) {
    spend(Math.ceil(bytes.length / 16));
    const text = Buffer.from(bytes).toString("utf8");
    const entries = kind === "known-hosts" ? readKnown(text) : readConfig(text);
    for (const entry of entries) {
      spend();
      const outbound = { account, path, ...entry };
      if (found.size < MOST) found.set(keyOf(outbound), outbound);
    }
  }
  return [...found.values()];
}

const keyOf = ({ path, name, port, fingerprint, user }: Outbound): string =>
  JSON.stringify([path, name, port, fingerprint, user]);

type Entry = Omit<Outbound, "account" | "path">;

/** Leaves out revoked keys, authorities and names with wildcards: they show no host that somebody connected to. */
function readKnown(text: string): Entry[] {
  return text.split("\n").flatMap((line): Entry[] => {
    const [, names = "", rest = ""] = /^[ \t]*([^ \t#@]\S*)[ \t]+(\S+[ \t]+\S+.*)$/.exec(line) ?? [];
    const key = rest === "" ? null : readPublicKeyLine(rest)?.key;
    if (!key) return [];
    const { fingerprint } = key;
    const shared = { source: "known_hosts", fingerprint, user: null, identities: [] } as const;
    if (names.startsWith("|")) return [{ ...shared, name: names, port: 22, isHashed: true, identities: [] }];
    return names
      .split(",")
      .filter((name) => name !== "" && !/[*?!]/.test(name))
      .map((name) => ({ ...shared, ...splitPort(name), isHashed: false, identities: [] }));
  });
}

function splitPort(name: string): { name: string; port: number } {
  const [, host = name, port = "22"] = /^\[(.+)\]:(\d{1,5})$/.exec(name) ?? [];
  return { name: host, port: Number(port) };
}

type Block = {
  names: string[];
  hostName: string | null;
  port: number;
  user: string | null;
  identities: string[];
};

/** The `Host` blocks that name a host without wildcards. Ignores settings under Match, or before the first block. */
function readConfig(text: string): Entry[] {
  const blocks: Block[] = [];
  let block: Block | null = null;
  for (const line of text.split("\n")) {
    const split = splitKeyword(line);
    if (!split) continue;
    const { words } = splitWords(split.rest);
    const [word = ""] = words;
    if (split.keyword === "host") {
      block = {
        names: words.filter((name) => !/[*?!]/.test(name)),
        hostName: null,
        port: 22,
        user: null,
        identities: [],
      };
      blocks.push(block);
    } else if (split.keyword === "match") block = null;
    else if (block) set(block, split.keyword, word);
  }
  return blocks.flatMap(({ names, hostName, port, user, identities }) =>
    names.map((name) => ({
      source: "ssh_config" as const,
      name: hostName?.replaceAll("%h", name) ?? name,
      port,
      isHashed: false,
      fingerprint: null,
      user,
      identities,
    })),
  );
}

function set(block: Block, keyword: string, word: string): void {
  if (keyword === "hostname") block.hostName ??= word;
  else if (keyword === "user") block.user ??= word;
  else if (keyword === "port" && /^\d{1,5}$/.test(word)) block.port = Number(word);
  else if (keyword === "identityfile" && block.identities.length < 20) block.identities.push(word);
}
