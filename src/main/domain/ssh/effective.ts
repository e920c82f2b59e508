import type { AuthorizedKeysFile, Collection } from "#domain/collection/collection.ts";
import { spend } from "#domain/work-budget.ts";
import type { Effective, Owner, Use, Verdict } from "#shared/model/verdict.ts";
import { type KeyLine, readAuthorizedKeys } from "./authorized-keys.ts";
import type { Opinion } from "./contribution.ts";
import { isAuthority } from "./deciders/authority.ts";
import { evaluateAccount } from "./judge-account.ts";
import type { PublicKey } from "./key-blob.ts";
import { formatEffective } from "./say-effective.ts";
import { readDaemons } from "./sshd-config.ts";

/** One line of an authorized_keys file for one account, with what we say of it. */
export type EvaluatedGrant = {
  account: string;
  uid: number;
  /** The file as sshd would open it. */
  file: string;
  /** From 1. */
  line: number;
  key: PublicKey | null;
  /** The line is for certificates that the key has signed, not for the key. */
  isAuthority: boolean;
  keyTypeText: string | null;
  comment: string;
  options: string;
  text: string;
  verdict: Verdict;
};

/** A grant is kept with its verdict, laid beside what was known before, and written. */
const STEPS_OF_GRANT = 150;

/** Every line of every authorized_keys file for every account that it is for, in sshd's order, judged. */
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
        const effective = said.get(opinion) ?? formatEffective(opinion);
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

/** One host alone does not tell who owns a key: that is judged over all hosts, this computer and the rosters. */
const UNJUDGED_OWNER: Owner = {
  state: "unknown",
  who: null,
  isMatched: false,
  managedBy: null,
  ...NOTHING,
};

/** Nor does one reading of its logs tell whether it is used: that is judged with what earlier ones saw. */
const UNJUDGED_USE: Use = {
  state: "unknown",
  at: null,
  from: null,
  count: 0,
  evidence: null,
  ...NOTHING,
};
