import type { Account, AuthorizedKeysFile, Collection } from "#domain/collection/collection.ts";
import { decideLineItself, isAuthority } from "#domain/ssh/deciders/lines.ts";
import { spend } from "#domain/work-budget.ts";
import type { Effective, Owner, Use, Verdict } from "#shared/model/access/verdict.ts";
import { type KeyLine, readAuthorizedKeys } from "./authorized-keys.ts";
import { evaluateCase } from "./evaluate-case.ts";
import type { PublicKey } from "./key-blob.ts";
import {
  addUp,
  dormantBy,
  formatRefusals,
  mergeCases,
  mergeDaemons,
  type Opinion,
  stateOf,
} from "./opinion.ts";
import { type Daemon, readDaemons, type SshdConfig } from "./sshd-config.ts";
import { type Settings, settingsOf } from "./sshd-settings.ts";

/** One line of an authorized_keys file for one account, with our verdict. */
export type EvaluatedGrant = {
  account: string;
  uid: number;
  /** The path by which sshd opens the file. */
  file: string;
  /** From 1. */
  line: number;
  key: PublicKey | null;
  /** The line accepts certificates that the key has signed, and not the key. */
  isAuthority: boolean;
  keyTypeText: string | null;
  comment: string;
  options: string;
  text: string;
  verdict: Verdict;
};

/** The work for one grant: it is kept with its verdict, compared with the earlier one, and written. */
const STEPS_OF_GRANT = 150;

/** Evaluates every line of every authorized_keys file for every account whose file it is, in sshd's order. */
export function evaluateGrants(collection: Collection): EvaluatedGrant[] {
  const daemons = readDaemons(collection);
  const read = new Map<AuthorizedKeysFile, KeyLine[]>();
  const linesOf = (file: AuthorizedKeysFile): KeyLine[] => {
    const lines = read.get(file) ?? (file.bytes ? readAuthorizedKeys(file.bytes) : []);
    read.set(file, lines);
    return lines;
  };
  const said = new WeakMap<Opinion, Effective>();
  const filesOf = filesByAccount(collection.authorizedKeys);
  return collection.accounts.flatMap((account) => {
    const files = filesOf.get(account.name) ?? [];
    if (files.length === 0) return [];
    spend(STEPS_OF_GRANT * files.reduce((sum, file) => sum + linesOf(file).length, 0));
    return evaluateAccount(account, { collection, daemons, files, linesOf }).map(
      ({ file, line, opinion }): EvaluatedGrant => {
        const effective = said.get(opinion) ?? toEffectiveVerdict(opinion);
        said.set(opinion, effective);
        const { key, keyTypeText, comment, options, text } = line;
        return {
          account: account.name,
          uid: account.uid,
          file: file.path,
          line: line.line,
          key,
          isAuthority: isAuthority(line),
          keyTypeText,
          comment,
          options,
          text,
          verdict: { effective, owner: UNJUDGED_OWNER, use: UNJUDGED_USE },
        };
      },
    );
  });
}

function filesByAccount(files: readonly AuthorizedKeysFile[]): ReadonlyMap<string, AuthorizedKeysFile[]> {
  const filesOf = new Map<string, AuthorizedKeysFile[]>();
  for (const file of files) {
    for (const account of file.accounts) {
      const known = filesOf.get(account);
      if (known) known.push(file);
      else filesOf.set(account, [file]);
    }
  }
  return filesOf;
}

const NOTHING = { reasons: [], coverage: { read: [], notRead: [] } };

/** One host does not show who owns a key: that is evaluated over all hosts, this computer and the people sources. */
const UNJUDGED_OWNER: Owner = {
  state: "unknown",
  who: null,
  isMatched: false,
  managedBy: null,
  ...NOTHING,
};

/** One reading of its logs does not show whether a key is used: that is evaluated together with earlier readings. */
const UNJUDGED_USE: Use = {
  state: "unknown",
  at: null,
  from: null,
  count: 0,
  evidence: null,
  ...NOTHING,
};

type LineOpinion = {
  file: AuthorizedKeysFile;
  line: KeyLine;
  opinion: Opinion;
};

type World = {
  collection: Collection;
  daemons: readonly Daemon[];
  /** The authorized_keys files of this account, in any order. */
  files: readonly AuthorizedKeysFile[];
  linesOf: (file: AuthorizedKeysFile) => KeyLine[];
};

/** The opinion on every line of every file of an account, in the order in which sshd reads them. */
function evaluateAccount(account: Account, { collection, daemons, ...files }: World): LineOpinion[] {
  const [first = [], ...others] = daemons.map(({ sshd, config }) =>
    evaluateByDaemon(account, { ...collection, sshd }, config, files),
  );
  const evaluated = others.length === 0 ? first : mergeEvaluated(first, others, daemons);
  return trustEvidence(account, evaluated, collection);
}

function evaluateByDaemon(
  account: Account,
  collection: Collection,
  config: SshdConfig,
  files: Pick<World, "files" | "linesOf">,
): LineOpinion[] {
  const { plain, when } = settingsOf(account, collection, config);
  const evaluated = evaluateCase(account, plain, collection, files);
  if (when.length === 0) return evaluated;
  const known = new Map<Settings, ReadonlyMap<KeyLine, Opinion>>();
  const cases = when.map(({ settings, ...rest }) => {
    const opinionOf = known.get(settings) ?? byLine(evaluateCase(account, settings, collection, files));
    known.set(settings, opinionOf);
    return { ...rest, opinionOf };
  });
  return evaluated.map(({ file, line, opinion }) => {
    const others = cases.map(({ opinionOf, ...rest }) => ({
      ...rest,
      opinion: opinionOf.get(line) ?? opinion,
    }));
    return { file, line, opinion: mergeCases(opinion, others) };
  });
}

function mergeEvaluated(
  first: readonly LineOpinion[],
  others: readonly (readonly LineOpinion[])[],
  daemons: readonly Daemon[],
): LineOpinion[] {
  const opinionsOf = others.map(byLine);
  return first.map(({ file, line, opinion }) => {
    const opinions = [opinion, ...opinionsOf.map((of) => of.get(line) ?? opinion)];
    const named = opinions.map((one, index) => ({ name: daemons[index]?.sshd.daemon ?? "", opinion: one }));
    return { file, line, opinion: mergeDaemons(named) };
  });
}

const byLine = (evaluated: readonly LineOpinion[]): ReadonlyMap<KeyLine, Opinion> =>
  new Map(evaluated.map(({ line, opinion }) => [line, opinion]));

/** The line that let this scan in is a "yes": it is the first with that key that sshd does not certainly ignore. */
function trustEvidence(account: Account, evaluated: LineOpinion[], collection: Collection): LineOpinion[] {
  if (collection.loginKey === null || collection.loginAccount !== account.name) return evaluated;
  const lines = evaluated.filter(({ line }) => line.key?.fingerprint === collection.loginKey);
  const proven =
    lines.find(({ line, opinion }) => !isAuthority(line) && stateOf(opinion) !== "no") ??
    lines.find(({ line }) => !isIgnored(line, collection));
  if (!proven) return evaluated;
  const notes = ["this scan logged in with it", ...proven.opinion.notes];
  const opinion: Opinion = { ...proven.opinion, refusals: [], doubts: [], notes };
  return evaluated.map((one) => (one === proven ? { ...one, opinion } : one));
}

/** The line cannot have let anybody in by its key, whatever the settings are. */
const isIgnored = (line: KeyLine, { facts }: Collection): boolean =>
  isAuthority(line) || addUp(decideLineItself(line, facts)).refusals.length > 0;

/** The verdict that is stored and shown, from an opinion. */
export function toEffectiveVerdict(opinion: Opinion): Effective {
  const state = stateOf(opinion);
  const reasons = [...formatRefusals(opinion), ...opinion.doubts, ...opinion.notes];
  return {
    state,
    reasons: reasons.length > 0 ? reasons : ["nothing that sshd consults refuses it"],
    coverage: { read: opinion.read, notRead: opinion.notRead },
    onlyFrom: state === "no" ? [] : opinion.onlyFrom,
    gives: state === "no" ? [] : [...new Set(opinion.gives)],
    dormant: dormantBy(opinion),
  };
}
