import type { Account, AuthorizedKeysFile, Collection } from "#domain/collection/collection.ts";
import type { KeyLine } from "./authorized-keys.ts";
import { addUp, type Contribution, doubt, type Opinion, stateOf, weaken } from "./contribution.ts";
import { decideAccountExpiry, decideAccountState } from "./deciders/account-state.ts";
import { decideAlgorithms } from "./deciders/algorithms.ts";
import { decideFileModes } from "./deciders/file-modes.ts";
import { decideLineItself, decideLineUnderSettings, isAuthority } from "./deciders/line-rules.ts";
import { decideLoginPolicy } from "./deciders/login-policy.ts";
import { watchForShadows } from "./deciders/shadowing.ts";
import { decideWhichFiles, orderOfFile } from "./deciders/which-files.ts";
import { decideWhoMayLogIn } from "./deciders/who-may-log-in.ts";
import type { PublicKey } from "./key-blob.ts";
import { mergeCases } from "./merge-cases.ts";
import type { SshdConfig } from "./sshd-config.ts";
import { areGroupsWhole, type Settings, settingsOf } from "./sshd-settings.ts";

export type LineOpinion = {
  file: AuthorizedKeysFile;
  line: KeyLine;
  opinion: Opinion;
  /** The line cannot have let anybody in by its key, whatever the settings are. */
  isIgnored: boolean;
};

type World = {
  collection: Collection;
  config: SshdConfig;
  /** The authorized_keys files of this account, in any order. */
  files: readonly AuthorizedKeysFile[];
  linesOf: (file: AuthorizedKeysFile) => KeyLine[];
};

/** What sshd makes of every line of every file of an account, in the order in which it would read them. */
export function judgeAccount(account: Account, { collection, config, files, linesOf }: World): LineOpinion[] {
  const { plain, when } = settingsOf(account, collection, config);
  const plainCase = openCase(account, plain, collection);
  const cases = when.map(({ settings, ...rest }) => ({
    ...rest,
    judge: openCase(account, settings, collection),
  }));
  const shadows = watchForShadows();
  const judged: LineOpinion[] = [];
  const unread: string[] = [];
  for (const { file, order } of inOrder(files, account, plain, collection)) {
    const judge = plainCase.openFile(file);
    const judges = cases.map(({ judge: other, ...rest }) => ({ ...rest, judge: other.openFile(file) }));
    for (const line of linesOf(file)) {
      const alone = judge.ofLine(line);
      const state = stateOf(alone.length === 0 ? judge.ofFile : addUp([judge.ofFile, ...alone]));
      const isBoundToAddresses = alone.some(({ onlyFrom }) => (onlyFrom?.length ?? 0) > 0);
      const shadow = shadows({ file: file.path, line, state, isBoundToAddresses }, unread);
      const opinion = judge.whole(alone, shadow);
      const others = judges.map(({ judge: other, ...rest }) => ({
        ...rest,
        opinion: other.whole(other.ofLine(line), shadow),
      }));
      const isIgnored =
        isAuthority(line) || addUp(decideLineItself(line, collection.facts)).refusals.length > 0;
      judged.push({ file, line, opinion: mergeCases(opinion, others), isIgnored });
    }
    if (order !== null && file.whyUnread !== null) unread.push(`${file.path} (${file.whyUnread})`);
  }
  return trustEvidence(account, judged, collection);
}

/** The line that let this scan in is a yes: it is the first with that key that sshd does not ignore for certain. */
function trustEvidence(account: Account, judged: LineOpinion[], collection: Collection): LineOpinion[] {
  if (collection.loginKey === null || collection.loginAccount !== account.name) return judged;
  const lines = judged.filter(({ line }) => line.key?.fingerprint === collection.loginKey);
  const proven =
    lines.find(({ opinion }) => stateOf(opinion) !== "no") ?? lines.find(({ isIgnored }) => !isIgnored);
  if (!proven) return judged;
  const notes = ["this scan logged in with it", ...proven.opinion.notes];
  const opinion: Opinion = { ...proven.opinion, refusals: [], doubts: [], notes };
  return judged.map((one) => (one === proven ? { ...one, opinion } : one));
}

function inOrder(
  files: readonly AuthorizedKeysFile[],
  account: Account,
  settings: Settings,
  { facts }: Collection,
) {
  return files
    .map((file) => ({ file, order: orderOfFile(file, account, settings, facts) }))
    .sort((one, other) => (one.order ?? Number.MAX_VALUE) - (other.order ?? Number.MAX_VALUE));
}

/** The deciders under one set of settings: what holds for the account is decided once, what holds for a file once a file. */
function openCase(account: Account, settings: Settings, collection: Collection) {
  const { facts } = collection;
  const isSure = settings.unread.length === 0;
  const underSettings = (contributions: readonly Contribution[]): Opinion => {
    const opinion = addUp(contributions);
    return isSure ? opinion : weaken(opinion);
  };
  const ofKey = remember((key) => decideAlgorithms(key, settings, facts));
  const ofAccount = addUp([
    ...settings.unread.map(doubt),
    decideAccountExpiry(account, settings, facts),
    underSettings([
      ...decideWhoMayLogIn(account, settings, areGroupsWhole(collection)),
      ...decideAccountState(account, settings, facts),
      ...decideLoginPolicy(account, settings),
    ]),
    { read: [settings.source], notRead: sayUnread(collection) },
  ]);

  function openFile(file: AuthorizedKeysFile) {
    const order = orderOfFile(file, account, settings, facts);
    const ofFile = underSettings([
      decideWhichFiles(order, settings),
      ...decideFileModes(file, account, settings, collection),
      { read: [file.path] },
    ]);
    const whole = addUp([ofAccount, ofFile]);
    return {
      ofFile,
      ofLine: (line: KeyLine): Contribution[] => {
        const itself = decideLineItself(line, facts);
        const keyed = line.key && !line.problem ? ofKey(line.key) : [];
        const settled =
          line.key && !line.problem ? decideLineUnderSettings(line, account, settings, keyed) : [];
        const opinions = [...itself, ...(settled.some(isSaying) ? [underSettings(settled)] : [])];
        return opinions.filter(isSaying);
      },
      whole: (alone: readonly Contribution[], shadow: Contribution): Opinion =>
        alone.length === 0 && !isSaying(shadow) ? whole : addUp([whole, ...alone, shadow]),
    };
  }
  return { openFile };
}

const isSaying = ({ refusals, doubts, notes, onlyFrom }: Contribution): boolean =>
  [refusals, doubts, notes, onlyFrom].some((said) => (said?.length ?? 0) > 0);

/** One answer for all keys of the same type and size. */
function remember(decide: (key: PublicKey) => Contribution[]): (key: PublicKey) => Contribution[] {
  const known = new Map<string, Contribution[]>();
  return (key) => {
    const name = `${key.keyType} ${key.keyBits}`;
    const answer = known.get(name) ?? decide(key).filter(isSaying);
    known.set(name, answer);
    return answer;
  };
}

/** What no verdict of this host has looked at. */
function sayUnread({ incomplete, sshd, unread }: Collection): string[] {
  return [
    ...(incomplete ? [`the rest of the host: ${incomplete}`] : []),
    ...(sshd.effective && sshd.files.size === 0 ? ["Match blocks that depend on the address"] : []),
    ...unread
      .filter(({ kind }) => kind === "sshd-config" || kind === "sshd-effective")
      .map(({ path, why }) => `${path}: ${why}`),
  ];
}
