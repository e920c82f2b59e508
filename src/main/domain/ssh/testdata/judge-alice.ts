import type { Account, AuthorizedKeysFile } from "#domain/collection/collection.ts";
import { evaluateGrants } from "#domain/ssh/effective.ts";
import { makeAccount, makeCollection, makeKeysFile } from "./make-collection.ts";

type More = Parameters<typeof makeCollection>[0];

/** The effective verdicts of alice's lines. */
export function judge(
  text: string,
  more: More & { account?: Partial<Account>; file?: Partial<AuthorizedKeysFile> } = {},
) {
  const { account, file, ...rest } = more;
  const alice = makeAccount("alice", account);
  const authorizedKeys = [makeKeysFile(alice, text, file)];
  return evaluateGrants(makeCollection({ accounts: [alice], authorizedKeys, ...rest })).map(
    ({ verdict }) => verdict.effective,
  );
}
export const states = (...of: Parameters<typeof judge>) => judge(...of).map(({ state }) => state);
export const said = (...of: Parameters<typeof judge>) =>
  judge(...of).map(({ state, reasons: [why] }) => `${state}: ${why}`);
