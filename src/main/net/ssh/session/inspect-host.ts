/** Reads a host, its files, accounts and sshd, before anything is changed (resources/rotation/facts.sh). */
import { createHash } from "node:crypto";
import { type HostRefusal, isHostRefusal } from "#shared/model/runs/host-refusal.ts";
import { RollbackTimer } from "#shared/model/runs/plan.ts";
import {
  exchange,
  type Failed,
  type LockOwner,
  type Lost,
  type Refused,
  type RemoteSession,
  readLockOwner,
  readTail,
  type SessionAnswer,
} from "./remote-session.ts";

type HostInspection = {
  uid: number;
  user: string;
  epochSeconds: number;
  /** `+0100`: the time zone of its clock; null if unknown. */
  zone: string | null;
  hashTool: string | null;
  /** The host's means to roll a change back by itself, the best first. */
  rollbackTimers: RollbackTimer[];
  tools: string[];
};

type PathStep = {
  path: string;
  type: "folder" | "file" | "link" | "other";
  uid: number;
  gid: number;
  /** Octal, as "0700". */
  mode: string;
  links: number;
};

export type FileInspection = {
  /** As requested; `real` is its path without system links, the one to write to. */
  path: string;
  real: string;
  /** Where the links lead for which it is refused; null if there are none, or unknown. */
  goal: string | null;
  state: "file" | "absent" | "other";
  /** Why it would not be written to. */
  refusal: { why: HostRefusal; detail: string } | null;
  /** From / down to the file itself. */
  chain: PathStep[];
  /** The user as whom it is written: the owner of its folder. */
  actorUid: number | null;
  owner: string;
  uid: number;
  gid: number;
  mode: string;
  links: number;
  sizeBytes: number;
  /** Null if it could not be read, or is larger than 4 MiB. */
  hash: string | null;
  /** Null for the same reasons, and for a secret file. */
  content: Uint8Array | null;
  /** Access list, attributes and label. */
  attributes: string;
  freeBytes: number | null;
  freeInodes: number | null;
  lock: LockOwner | null;
  /** Tokens of runs with files in its folder, whether they hold its lock or not. */
  kept: string[];
  /** A path where a run would keep its lock, if something else is there; null: a run could lock the folder. */
  workFolder: string | null;
  rollbackTimers: RollbackTimer[];
};

type Answered = Exclude<SessionAnswer, Lost>;

export async function inspectHost(
  session: RemoteSession,
): Promise<{ kind: "seen"; host: HostInspection } | Lost> {
  const answer = await exchange(session, { verb: "host", words: [] });
  if (answer.kind === "lost") return answer;
  const [uid, user = ""] = first(answer, "uid");
  const [time, zone = ""] = first(answer, "time");
  if (answer.status !== "ok" || !isNumber(uid) || !isNumber(time)) return NONSENSE;
  const [hashTool = ""] = first(answer, "hash-tool");
  return {
    kind: "seen",
    host: {
      uid: Number(uid),
      user,
      epochSeconds: Number(time),
      hashTool: hashTool || null,
      zone: /^[+-]\d{4}$/.test(zone) ? zone : null,
      rollbackTimers: readRollbackTimers(answer),
      tools: [...first(answer, "tools")],
    },
  };
}

/**
 * The owner's shell may lie: no answer of it ends the session. A file that changes while it is read is read again.
 * `isSecret`: its bytes stay on the host, which computes its hash.
 */
export async function inspectFile(
  session: RemoteSession,
  path: string,
  { isSecret = false }: { isSecret?: boolean } = {},
): Promise<{ kind: "seen"; file: FileInspection } | Lost> {
  if (isOdd(path)) return { kind: "seen", file: leaveUnseen(path, "odd-path") };
  for (let attempt = 0; attempt < 3; attempt++) {
    const answer = await exchange(session, { verb: "inspect", words: isSecret ? [path, "secret"] : [path] });
    if (answer.kind === "lost") return answer;
    if (answer.status !== "ok") {
      const [why = ""] = answer.words;
      return { kind: "seen", file: leaveUnseen(path, isHostRefusal(why) ? why : "unknown") };
    }
    const file = readFile(answer, path, isSecret);
    if (file) return { kind: "seen", file };
  }
  return { kind: "seen", file: leaveUnseen(path, "changing") };
}

/** A request is one line, and cannot name such a path; hosts may have one. */
const isOdd = (path: string): boolean => /[\n\r\0]/.test(path);

/** Only the reason is known. */
function leaveUnseen(path: string, why: HostRefusal): FileInspection {
  const facts = new Map([["refusal", [[why]]]]);
  const file = readFile({ kind: "answered", status: "ok", words: [], facts, data: new Map() }, path);
  if (!file) throw new Error("what has no content has no other hash");
  return file;
}

/** A hash without the bytes counts for a secret alone, whose bytes nobody may see. Null if bytes and hash disagree. */
function readFile(answer: Answered, path: string, isSecret = false): FileInspection | null {
  const [real = path] = first(answer, "real");
  if (isOdd(real) && real !== path) return leaveUnseen(path, "odd-path");
  const [why = "", detail = ""] = first(answer, "refusal");
  const [actor, actorName = ""] = first(answer, "actor");
  const [mode = "", links, uid, gid, size, ownerName = ""] = first(answer, "file");
  const actorUid = numberOrNull(actor);
  // If an account's own shell answers, the file counts as that account's: commands for root name its owner.
  const isTheirs = actorUid !== null && actorUid !== 0;
  const owner = isTheirs ? { uid: actorUid, owner: actorName } : { uid: toNumber(uid), owner: ownerName };
  const [freeBytes, freeInodes] = first(answer, "space");
  const content = answer.data.get("content") ?? null;
  const [hash = null] = content || isSecret ? first(answer, "hash") : [];
  if (content && hash !== createHash("sha256").update(content).digest("hex")) return null;
  return {
    // A link's target is only shown, for a refused file, and never written to.
    path,
    real,
    goal: why === "" ? null : readGoal(answer),
    state: mode === "" ? "absent" : mode.startsWith("-") ? "file" : "other",
    refusal: why === "" ? null : { why: isHostRefusal(why) ? why : "unknown", detail },
    chain: (answer.facts.get("step") ?? []).map(readStep),
    actorUid,
    ...owner,
    mode: toOctal(mode),
    gid: toNumber(gid),
    links: toNumber(links),
    sizeBytes: toNumber(size),
    hash: readHash(hash),
    content,
    attributes: first(answer, "attributes")[0] ?? "",
    freeBytes: numberOrNull(freeBytes),
    freeInodes: numberOrNull(freeInodes),
    lock: readLockOwner(first(answer, "lock")),
    kept: (answer.facts.get("kept") ?? []).flatMap(([token]) => token ?? []),
    // We tell people to remove this path, so that the account must not choose it.
    workFolder: answer.facts.has("work-folder") ? `${folderOf(real)}/.latchkey` : null,
    rollbackTimers: readRollbackTimers(answer),
  };
}

/**
 * The target of a link stands for the file, so that an account could name a file of its own choice. So if an account
 * answers, root must have seen the same target; if none does, root's own answer counts.
 */
function readGoal(answer: Answered): string | null {
  const [goal = null] = first(answer, "goal");
  const isByAccount = answer.facts.has("actor");
  return isByAccount && goal !== first(answer, "target")[0] ? null : goal || null;
}

const folderOf = (path: string): string => path.slice(0, path.lastIndexOf("/"));

const readHash = (word: string | null): string | null => (/^[0-9a-f]{64}$/.test(word ?? "") ? word : null);

const NONSENSE: Lost = { kind: "lost", message: "it answers what makes no sense" };

const first = ({ facts }: Answered, name: string): readonly string[] => facts.get(name)?.[0] ?? [];

const isNumber = (word: string | undefined): word is string => /^\d{1,15}$/.test(word ?? "");
const numberOrNull = (word: string | undefined): number | null => (isNumber(word) ? Number(word) : null);
const toNumber = (word: string | undefined): number => numberOrNull(word) ?? 0;

const readRollbackTimers = (answer: Answered): RollbackTimer[] =>
  first(answer, "rollback-timer").flatMap((word) => RollbackTimer.safeParse(word).data ?? []);

function readStep([path = "", mode = "", links, uid, gid]: readonly string[]): PathStep {
  const type = ({ d: "folder", "-": "file", l: "link" } as const)[mode[0] ?? ""] ?? "other";
  return { path, type, mode: toOctal(mode), uid: toNumber(uid), gid: toNumber(gid), links: toNumber(links) };
}

/** A mode as ls prints it: `drwxr-x--T`, perhaps with a mark after it. */
function toOctal(mode: string): string {
  if (mode.length < 10) return "";
  const bits = [...mode.slice(1, 10)];
  const special = [2, 5, 8].map((at) => (/[sStT]/.test(bits[at] ?? "") ? 1 : 0));
  const digits = [0, 3, 6].map((from) =>
    bits.slice(from, from + 3).reduce((sum, bit, at) => (/[-ST]/.test(bit) ? sum : sum + (4 >> at)), 0),
  );
  const specials = (special[0] ?? 0) * 4 + (special[1] ?? 0) * 2 + (special[2] ?? 0);
  return `${specials}${digits.join("")}`;
}

export type AccountInspection = {
  uid: number;
  gid: number;
  home: string;
  shell: string;
  /** The address from which the host saw this login come; null if unknown. */
  from: string | null;
  /** As `OpenSSH_10.0p2`; null if unknown. */
  sshdVersion: string | null;
  /** sshd's effective settings, by their keywords in lower case; null if only root may ask for them. */
  sshd: ReadonlyMap<string, string> | null;
  /** Other sshd of root's that listen there: a client may choose either. Empty if only root may ask for them. */
  otherSshds: readonly SshdInspection[];
  /** Files of sshd's configuration that were written since it read them. */
  unloadedConfig: readonly string[];
};

type SshdInspection = {
  /** The settings of its configuration as it is now, by their keywords in lower case. */
  settings: ReadonlyMap<string, string>;
  /** Its files that were written since it read them; null: it is unknown when it read them. */
  unloadedConfig: readonly string[] | null;
};

/** Numbers of the other sshd in the answer; `sshd` is ours. */
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
        const unloadedConfig = readUnreadable(answer.facts.get(`unread-config-${nth}`));
        return text === "" ? [] : [{ settings: readSettings(text), unloadedConfig: unloadedConfig }];
      }),
      unloadedConfig: readUnreadable(answer.facts.get("unread-config")) ?? [],
    },
  };
}

function readUnreadable(facts: readonly (readonly string[])[] = []): string[] | null {
  if (facts.some(([kind]) => kind !== "file")) return null;
  return facts.flatMap(([, path]) => path ?? []);
}

/** The value of a setting that may be `none`; null: none, or unknown. */
export function settingOf(settings: ReadonlyMap<string, string> | null, keyword: string): string | null {
  const value = settings?.get(keyword) ?? "none";
  return value.toLowerCase() === "none" ? null : value;
}

/** The first line of each keyword counts. */
function readSettings(text: string): ReadonlyMap<string, string> {
  const settings = new Map<string, string>();
  for (const line of text.split("\n")) {
    const [, keyword = "", value = ""] = /^(\S+) (.*)$/.exec(line) ?? [];
    const name = keyword.toLowerCase();
    if (keyword && !settings.has(name)) settings.set(name, value);
  }
  return settings;
}

/** The sshd that the session came in by: its configuration, host keys and reload (resources/rotation/host-key.sh). */

type DaemonInspection = {
  /** Files of its configuration, in the order in which sshd reads them. */
  configs: string[];
  /** Why sshd would reject its configuration as it is now, in its own words; null: it would not. */
  problem: string | null;
  /** The host keys that it uses. `line`: `type base64`, if known. */
  hostKeys: { path: string; keyType: string; fingerprint: string; line: string | null }[];
  /** Names of host key files that exist, used or not. */
  keyFiles: string[];
  /** There is one process that all logins come from. */
  canReload: boolean;
};

/** Most characters that are kept of sshd's message. */
const MOST_SAID = 300;

/** `unavailable`: only root may, or the host has no such sshd. */
export async function inspectDaemon(
  session: RemoteSession,
): Promise<{ kind: "seen"; daemon: DaemonInspection } | { kind: "unavailable" } | Lost> {
  const answer = await exchange(session, { verb: "daemon", words: [] });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return { kind: "unavailable" };
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

/** `bad`: sshd rejected its configuration, and goes on with the one that it has read. */
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
  /** Entries of the journal as `journalctl -o json` prints them, one a line, the oldest first; at most 500. */
  journal: Uint8Array;
  /** Lines of plain files, to which any user may write by syslog: each after its path and a tab; at most 2,000. */
  lines: Uint8Array;
  /** `journal`, or paths of files. */
  sources: string[];
};

/**
 * What the host's logs say about logins by these keys. Files are read back to the one before the last rotation,
 * whatever `sinceEpoch` is. A key that is not in them may have logged in before they begin.
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
