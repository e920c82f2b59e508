import { readAuthorizedKeys } from "#domain/ssh/authorized-keys.ts";
import { isAuthority } from "#domain/ssh/deciders/authority.ts";
import { expandsWildcards, hasWildcard, keyFilesOf } from "#domain/ssh/deciders/which-files.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { type FileLook, lookAtFile } from "#net/ssh/hand/look.ts";
import { type AccountLook, settingOf } from "#net/ssh/hand/look-at-account.ts";
import { SessionLost } from "./run-context.ts";

/**
 * What lets a key in to an account, as a sentence goes on after "by". `known`: the key was read there; `possible`: sshd goes by it, and
 * nobody but sshd can tell whether the key is there.
 */
export type WayIn = { kind: "known" | "possible"; by: string };

export type WaysIn = {
  /** By the sshd that we came by. */
  own: WayIn[];
  /** By others of the host, on these ports; only those that have any. */
  others: { ports: number[]; found: WayIn[] }[];
};

/** Each with what it goes on from: "by ..." or "perhaps by ...", the known ones first. */
export const formatWays = (ways: readonly WayIn[]): string[] => [
  ...ways.filter(({ kind }) => kind === "known").map(({ by }) => `by ${by}`),
  ...ways.filter(({ kind }) => kind === "possible").map(({ by }) => `perhaps by ${by}`),
];

const possible = (by: string): WayIn => ({ kind: "possible", by });

/** Looks at what each sshd of the host reads now for the account. `seen` null: nothing is known of it. Rejects with `SessionLost`. */
export async function findWays(
  hand: Hand,
  name: string,
  { seen, fingerprint }: { seen: AccountLook | null; fingerprint: string },
): Promise<WaysIn> {
  if (!seen) return { own: [], others: [] };
  const find = (settings: ReadonlyMap<string, string>) =>
    findIn(hand, { ...seen, name }, { settings, fingerprint });
  const own = seen.sshd ? await find(seen.sshd) : [];
  const others: WaysIn["others"] = [];
  for (const { settings, unreadConfig } of seen.otherSshds) {
    const found = [...(await find(settings)), ...sayUnread(unreadConfig)];
    if (found.length > 0) others.push({ ports: [Number(settings.get("port") ?? 22)], found });
  }
  return { own: [...own, ...sayUnread(seen.unreadConfig)], others };
}

/** What it goes by is told by no file then. */
function sayUnread(unreadConfig: readonly string[] | null): WayIn[] {
  if (unreadConfig === null)
    return [possible("what it has read, which may be another configuration than stands there")];
  if (unreadConfig.length === 0) return [];
  const files = unreadConfig.join(" and ");
  return [possible(`what sshd had read before ${files} was changed: have it read its configuration again`)];
}

async function findIn(
  hand: Hand,
  account: { name: string; uid: number; home: string; sshdVersion: string | null },
  { settings, fingerprint }: { settings: ReadonlyMap<string, string>; fingerprint: string },
): Promise<WayIn[]> {
  const command = settingOf(settings, "authorizedkeyscommand");
  const ways = command === null ? [] : [possible(`AuthorizedKeysCommand ${command}`)];
  const values = settings.get("authorizedkeysfile")?.split(/\s+/) ?? [];
  for (const path of keyFilesOf(values, account)) {
    // Which files that is sshd alone tells.
    if (hasWildcard(path) && expandsWildcards(account)) {
      ways.push(possible(`a file that AuthorizedKeysFile ${path} leads to`));
      continue;
    }
    const look = await lookAtFile(hand, path);
    if (look.kind === "lost") throw new SessionLost(look.message);
    const { content } = look.file;
    if (content === null && !isMissing(look.file)) ways.push(possible(`${path}, which could not be read`));
    for (const line of readAuthorizedKeys(content ?? new Uint8Array()))
      if (line.key?.fingerprint === fingerprint && line.problem === null && !isAuthority(line))
        ways.push({ kind: "known", by: `line ${line.line} of ${path}` });
  }
  return ways;
}

const isMissing = ({ state, refusal }: FileLook): boolean =>
  state === "absent" && (refusal === null || refusal.why === "absent" || refusal.why === "no-folder");
