/** What a hand sees of an account, by resources/rotation/facts.sh. */

import {
  exchange,
  type Failed,
  type Lost,
  type Refused,
  type RemoteSession,
  readTail,
} from "./remote-session.ts";

export type AccountInspection = {
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
  otherSshds: readonly SshdInspection[];
  /** Files of sshd's configuration that were written since it has read them. */
  unreadConfig: readonly string[];
};

type SshdInspection = {
  /** What its configuration as it stands says, by its keywords in lower case. */
  settings: ReadonlyMap<string, string>;
  /** Files of it that were written since it has read them; null: when it has read them is not known. */
  unreadConfig: readonly string[] | null;
};

/** `sshd` is ours. */
const OTHERS = [2, 3, 4];

export async function inspectAccount(
  session: RemoteSession,
  account: string,
  address: string | null,
): Promise<{ kind: "seen"; account: AccountInspection } | { kind: "absent" } | Lost> {
  const answer = await exchange(session, { verb: "account", words: [account, address ?? ""] });
  if (answer.kind === "lost") return answer;
  const facts = (name: string): readonly string[] => answer.facts.get(name)?.[0] ?? [];
  const [uid = "", gid = "", home = "", shell = ""] = facts("account");
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
      from: facts("from")[0] ?? null,
      sshdVersion: facts("sshd-version")[0] ?? null,
      sshd: sshd === "" ? null : readSettings(sshd),
      otherSshds: OTHERS.flatMap((nth) => {
        const text = block(`sshd-${nth}`);
        const unreadConfig = readUnreadable(answer.facts.get(`unread-config-${nth}`));
        return text === "" ? [] : [{ settings: readSettings(text), unreadConfig }];
      }),
      unreadConfig: readUnreadable(answer.facts.get("unread-config")) ?? [],
    },
  };
}

function readUnreadable(facts: readonly (readonly string[])[] = []): string[] | null {
  if (facts.some(([kind]) => kind !== "file")) return null;
  return facts.flatMap(([, path]) => path ?? []);
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

/** The sshd that a hand came in by: its configuration and host keys, and having it read both again (resources/rotation/host-key.sh). */

type DaemonInspection = {
  /** Files of its configuration, in the order in which sshd reads them. */
  configs: string[];
  /** Why sshd would not take it as it is now, in its own words; null: it would. */
  problem: string | null;
  /** As it uses them. `line`: `type base64`, where it was told. */
  hostKeys: { path: string; keyType: string; fingerprint: string; line: string | null }[];
  /** Names of host keys that are there, used or not. */
  keyFiles: string[];
  /** There is one process that all logins come from. */
  canReload: boolean;
};

/** Of what sshd says. */
const MOST_SAID = 300;

/** `unread`: only root may, or the host has no such sshd. */
export async function inspectDaemon(
  session: RemoteSession,
): Promise<{ kind: "seen"; daemon: DaemonInspection } | { kind: "unread" } | Lost> {
  const answer = await exchange(session, { verb: "daemon", words: [] });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return { kind: "unread" };
  const all = (name: string) => answer.facts.get(name) ?? [];
  return {
    kind: "seen",
    daemon: {
      configs: all("config").flatMap(([path]) => path ?? []),
      problem: all("problem")[0]?.join(" ").slice(0, MOST_SAID) ?? null,
      hostKeys: all("hostkey").map(([path = "", keyType = "", fingerprint = "", base64 = ""]) => ({
        path,
        keyType,
        fingerprint,
        line: /^[A-Za-z0-9+/]+=*$/.test(base64) ? `${keyType} ${base64}` : null,
      })),
      keyFiles: all("taken").flatMap(([path]) => path ?? []),
      canReload: /^\d+$/.test(all("listener")[0]?.[0] ?? ""),
    },
  };
}

/** `bad`: sshd would not take its configuration, and goes on with the one that it has read. */
export async function reloadDaemon(
  session: RemoteSession,
): Promise<{ kind: "reloaded" } | { kind: "bad"; message: string } | Lost> {
  const answer = await exchange(session, { verb: "reload", words: [] });
  if (answer.kind === "lost") return answer;
  if (answer.status === "ok") return { kind: "reloaded" };
  return {
    kind: "bad",
    message: `sshd does not take its configuration: ${answer.words.join(" ").slice(0, MOST_SAID)}`,
  };
}

type LogReading = {
  kind: "read";
  /** Entries of the journal as `journalctl -o json` writes them, one a line, the oldest first; at most 500. */
  journal: Uint8Array;
  /** Of plain files, which any user of the host may write by syslog: each line after its path and a tab; at most 2,000. */
  lines: Uint8Array;
  /** `journal`, or paths of files. */
  sources: string[];
};

/**
 * What the host's logs tell of logins by these keys. Files are read as far back as the one before the last rotation,
 * whatever `sinceEpoch` says; that a key is not in them says nothing about what they do not hold.
 */
export async function readLoginLines(
  session: RemoteSession,
  { sinceEpoch, fingerprints }: { sinceEpoch: number; fingerprints: readonly string[] },
): Promise<LogReading | Refused | Failed | Lost> {
  const words = [String(Math.max(0, Math.floor(sinceEpoch))), ...fingerprints];
  const answer = await exchange(session, { verb: "log", words });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return readTail(answer);
  const sources = [...(answer.facts.get("sources")?.[0] ?? [])];
  const block = (name: string) => answer.data.get(name) ?? new Uint8Array();
  return { kind: "read", journal: block("journal"), lines: block("lines"), sources };
}
