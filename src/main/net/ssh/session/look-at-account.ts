/** What a hand sees of an account, by resources/rotation/facts.sh. */
import { exchange } from "./exchange.ts";
import type { Hand, Lost } from "./hand.ts";

export type AccountLook = {
  uid: number;
  gid: number;
  home: string;
  shell: string;
  /** From where the host saw this login come; null where it did not tell. */
  from: string | null;
  /** As `OpenSSH_10.0p2`; null where the host did not tell. */
  sshdVersion: string | null;
  /** What sshd says that it goes by, by its keywords in lower case; null where only root may ask. */
  sshd: ReadonlyMap<string, string> | null;
  /** Other sshd of root's that listen there: whoever logs in may choose. Empty where only root may ask. */
  otherSshds: readonly SshdLook[];
  /** Files of sshd's configuration that were written since it has read them. */
  unreadConfig: readonly string[];
};

export type SshdLook = {
  /** What its configuration as it stands says, by its keywords in lower case. */
  settings: ReadonlyMap<string, string>;
  /** Files of it that were written since it has read them; null: when it has read them is not known. */
  unreadConfig: readonly string[] | null;
};

/** `sshd` is ours. */
const OTHERS = [2, 3, 4];

export async function lookAtAccount(
  hand: Hand,
  account: string,
  address: string | null,
): Promise<{ kind: "seen"; account: AccountLook } | { kind: "absent" } | Lost> {
  const answer = await exchange(hand, { verb: "account", words: [account, address ?? ""] });
  if (answer.kind === "lost") return answer;
  const told = (name: string): readonly string[] => answer.told.get(name)?.[0] ?? [];
  const [uid = "", gid = "", home = "", shell = ""] = told("account");
  if (answer.status !== "ok" || !/^\d{1,10}$/.test(uid) || !/^\d{1,10}$/.test(gid)) return { kind: "absent" };
  const block = (name: string): string =>
    Buffer.from(answer.data.get(name) ?? [])
      .toString("utf8")
      .trim();
  const sshd = block("sshd");
  return {
    kind: "seen",
    account: {
      uid: Number(uid),
      gid: Number(gid),
      home,
      shell,
      from: told("from")[0] ?? null,
      sshdVersion: told("sshd-version")[0] ?? null,
      sshd: sshd === "" ? null : readSettings(sshd),
      otherSshds: OTHERS.flatMap((nth) => {
        const text = block(`sshd-${nth}`);
        const unreadConfig = readUnreadable(answer.told.get(`unread-config-${nth}`));
        return text === "" ? [] : [{ settings: readSettings(text), unreadConfig }];
      }),
      unreadConfig: readUnreadable(answer.told.get("unread-config")) ?? [],
    },
  };
}

function readUnreadable(told: readonly (readonly string[])[] = []): string[] | null {
  if (told.some(([kind]) => kind !== "file")) return null;
  return told.flatMap(([, path]) => path ?? []);
}

/** What a setting that may be `none` is set to; null: none, or not told. */
export function settingOf(settings: ReadonlyMap<string, string> | null, keyword: string): string | null {
  const value = settings?.get(keyword) ?? "none";
  return value.toLowerCase() === "none" ? null : value;
}

/** The first of each keyword counts. */
function readSettings(text: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, keyword = "", value = ""] = /^(\S+) (.*)$/.exec(line) ?? [];
    const name = keyword.toLowerCase();
    if (keyword && !settings.has(name)) settings.set(name, value);
  }
  return settings;
}
