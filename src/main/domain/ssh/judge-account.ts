import type { Account, AuthorizedKeysFile, Collection } from "#domain/collection/collection.ts";
import type { KeyLine } from "./authorized-keys.ts";
import { addUp, type Opinion, stateOf } from "./contribution.ts";
import { isAuthority } from "./deciders/authority.ts";
import { decideLineItself } from "./deciders/line-rules.ts";
import { evaluateCase } from "./judge-case.ts";
import { mergeCases } from "./merge-cases.ts";
import { mergeDaemons } from "./merge-daemons.ts";
import type { Daemon, SshdConfig } from "./sshd-config.ts";
import { type Settings, settingsOf } from "./sshd-settings.ts";

export type LineOpinion = {
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

/** What sshd makes of every line of every file of an account, in the order in which it would read them. */
export function evaluateAccount(account: Account, { collection, daemons, ...files }: World): LineOpinion[] {
  const [first = [], ...others] = daemons.map(({ sshd, config }) =>
    evaluateByDaemon(account, { ...collection, sshd }, config, files),
  );
  const judged = others.length === 0 ? first : mergeEvaluated(first, others, daemons);
  return trustEvidence(account, judged, collection);
}

function evaluateByDaemon(
  account: Account,
  collection: Collection,
  config: SshdConfig,
  files: Pick<World, "files" | "linesOf">,
): LineOpinion[] {
  const { plain, when } = settingsOf(account, collection, config);
  const judged = evaluateCase(account, plain, collection, files);
  if (when.length === 0) return judged;
  const known = new Map<Settings, ReadonlyMap<KeyLine, Opinion>>();
  const cases = when.map(({ settings, ...rest }) => {
    const opinionOf = known.get(settings) ?? byLine(evaluateCase(account, settings, collection, files));
    known.set(settings, opinionOf);
    return { ...rest, opinionOf };
  });
  return judged.map(({ file, line, opinion }) => {
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

const byLine = (judged: readonly LineOpinion[]): ReadonlyMap<KeyLine, Opinion> =>
  new Map(judged.map(({ line, opinion }) => [line, opinion]));

/** The line that let this scan in is a yes: it is the first with that key that sshd does not ignore for certain. */
function trustEvidence(account: Account, judged: LineOpinion[], collection: Collection): LineOpinion[] {
  if (collection.loginKey === null || collection.loginAccount !== account.name) return judged;
  const lines = judged.filter(({ line }) => line.key?.fingerprint === collection.loginKey);
  const proven =
    lines.find(({ line, opinion }) => !isAuthority(line) && stateOf(opinion) !== "no") ??
    lines.find(({ line }) => !isIgnored(line, collection));
  if (!proven) return judged;
  const notes = ["this scan logged in with it", ...proven.opinion.notes];
  const opinion: Opinion = { ...proven.opinion, refusals: [], doubts: [], notes };
  return judged.map((one) => (one === proven ? { ...one, opinion } : one));
}

/** The line cannot have let anybody in by its key, whatever the settings are. */
const isIgnored = (line: KeyLine, { facts }: Collection): boolean =>
  isAuthority(line) || addUp(decideLineItself(line, facts)).refusals.length > 0;
