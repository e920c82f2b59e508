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
  /** What sshd says that it goes by, by its keywords in lower case; null where only root may ask. */
  sshd: ReadonlyMap<string, string> | null;
};

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
  const sshd = Buffer.from(answer.data.get("sshd") ?? []).toString("utf8");
  return {
    kind: "seen",
    account: {
      ...{ uid: Number(uid), gid: Number(gid), home, shell, from: told("from")[0] ?? null },
      sshd: sshd.trim() === "" ? null : readSettings(sshd),
    },
  };
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
