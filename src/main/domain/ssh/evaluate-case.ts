import type { Account, AuthorizedKeysFile, Collection } from "#domain/collection/collection.ts";
import {
  decideAccountExpiry,
  decideAccountState,
  decideLoginPolicy,
  decideWhoMayLogIn,
} from "#domain/ssh/deciders/accounts.ts";
import { decideChroot, decideFileModes, decideWhichFiles, orderOfFile } from "#domain/ssh/deciders/files.ts";
import { decideAlgorithms, decideRevocationLists } from "#domain/ssh/deciders/keys.ts";
import {
  decideGifts,
  decideLineItself,
  decideLineUnderSettings,
  isAuthority,
  principalsOf,
} from "#domain/ssh/deciders/lines.ts";
import { watchForShadows } from "#domain/ssh/deciders/shadowing.ts";
import { spend } from "#domain/work-budget.ts";
import type { KeyLine } from "./authorized-keys.ts";
import type { PublicKey } from "./key-blob.ts";
import { addUp, type Contribution, doubt, type Opinion, stateOf, weaken } from "./opinion.ts";
import { areGroupsWhole, type Settings } from "./sshd-settings.ts";

type Files = {
  files: readonly AuthorizedKeysFile[];
  linesOf: (file: AuthorizedKeysFile) => KeyLine[];
};
type CaseLine = { file: AuthorizedKeysFile; line: KeyLine; opinion: Opinion };

/** The opinion on every line of an account under one set of settings, in the order in which sshd reads them. */
export function evaluateCase(
  account: Account,
  settings: Settings,
  collection: Collection,
  { files, linesOf }: Files,
): CaseLine[] {
  const { openFile } = openCase(account, settings, collection);
  const shadows = watchForShadows();
  const evaluated: CaseLine[] = [];
  const unreadable: string[] = [];
  for (const { file, order } of inOrder(files, account, settings, collection)) {
    const evaluate = openFile(file);
    for (const line of linesOf(file)) {
      spend(10);
      const alone = evaluate.ofLine(line);
      const state = stateOf(alone.length === 0 ? evaluate.ofFile : addUp([evaluate.ofFile, ...alone]));
      const isBoundToAddresses = alone.some(({ onlyFrom }) => (onlyFrom?.length ?? 0) > 0);
      const principals = isAuthority(line) ? principalsOf(line, account) : null;
      const shadow = shadows({ file: file.path, line, state, isBoundToAddresses, principals }, unreadable);
      evaluated.push({ file, line, opinion: evaluate.whole(alone, shadow) });
    }
    if (order !== null && file.whyUnreadable !== null)
      unreadable.push(`${file.path} (${file.whyUnreadable})`);
  }
  return evaluated;
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

/** The deciders under one set of settings: those of the account run once, those of a file once for each file. */
export function openCase(account: Account, settings: Settings, collection: Collection) {
  const { facts } = collection;
  spend(20 + 4 * collection.unreadable.length);
  const isSure = settings.unreadable.length === 0;
  const underSettings = (contributions: readonly Contribution[]): Opinion => {
    const opinion = addUp(contributions);
    return isSure ? opinion : weaken(opinion);
  };
  const ofKey = remember((key) => decideAlgorithms(key, settings, facts));
  const ofAccount = addUp([
    ...settings.unreadable.map(doubt),
    decideAccountExpiry(account, settings, facts),
    underSettings([
      ...decideWhoMayLogIn(account, settings, areGroupsWhole(collection)),
      ...decideAccountState(account, settings, facts),
      ...decideLoginPolicy(account, settings),
      ...decideRevocationLists(settings, collection),
      decideChroot(account, settings, collection),
    ]),
    { read: [settings.source], notRead: formatUnreadable(collection) },
  ]);

  function openFile(file: AuthorizedKeysFile) {
    const order = orderOfFile(file, account, settings, facts);
    const ofFile = underSettings([
      decideWhichFiles(order, settings),
      ...decideFileModes(file, account, settings, collection),
      { read: [file.path] },
    ]);
    const whole = addUp([ofAccount, ofFile]);
    const plain = decideGifts(NO_OPTIONS, account, settings);
    const wholeOfPlain = addUp([whole, plain]);
    return {
      ofFile,
      ofLine: (line: KeyLine): Contribution[] => {
        const itself = decideLineItself(line, facts);
        const isRead = line.key !== null && line.problem === null;
        const keyed = isRead && line.key ? ofKey(line.key) : [];
        const settled = isRead ? decideLineUnderSettings(line, keyed, { account, settings, collection }) : [];
        const gifts = line.parsedOptions.length > 0 ? [decideGifts(line, account, settings)] : [];
        const opinions = [...itself, ...(settled.some(isSaying) ? [underSettings(settled)] : []), ...gifts];
        return opinions.filter(isSaying);
      },
      /** Most lines have no contribution of their own: they share one opinion. */
      whole: (alone: readonly Contribution[], shadow: Contribution): Opinion => {
        if (alone.length === 0 && !isSaying(shadow)) return wholeOfPlain;
        const base = alone.some(({ gives }) => gives) ? whole : wholeOfPlain;
        return addUp([base, ...alone, shadow]);
      },
    };
  }
  return { ofAccount, underSettings, openFile };
}

const NO_OPTIONS = { parsedOptions: [] };

const isSaying = ({ refusals, doubts, notes, onlyFrom, gives }: Contribution): boolean =>
  gives !== undefined || [refusals, doubts, notes, onlyFrom].some((said) => (said?.length ?? 0) > 0);

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

/** What no verdict of this host takes into account, since it could not be read. */
function formatUnreadable({ incomplete, sshd, unreadable }: Collection): string[] {
  return [
    ...(incomplete ? [`the rest of the host: ${incomplete}`] : []),
    ...(sshd.effective && sshd.files.size === 0 ? ["Match blocks that depend on the address"] : []),
    ...unreadable
      .filter(({ kind }) => kind === "sshd-config" || kind === "sshd-effective")
      .map(({ path, why }) => `${path}: ${why}`),
  ];
}
