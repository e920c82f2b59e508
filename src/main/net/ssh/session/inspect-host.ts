/** What a session sees of a host, of its files, accounts and sshd, before anything is changed (resources/rotation/facts.sh). */
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
  /** `+0100`: how its clock is read there; null where it does not tell. */
  zone: string | null;
  hashTool: string | null;
  /** What the host can take a change back by, the best first. */
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
  /** As it was asked for; `real` has no link of the system's on its way, and is what to write to. */
  path: string;
  real: string;
  /** Where the links lead that it is refused for; null where there are none, or where it was not told. */
  goal: string | null;
  state: "file" | "absent" | "other";
  /** Why it would not be written to. */
  refusal: { why: HostRefusal; detail: string } | null;
  /** From / down to the file itself. */
  chain: PathStep[];
  /** Who writes it: whoever owns its folder. */
  actorUid: number | null;
  owner: string;
  uid: number;
  gid: number;
  mode: string;
  links: number;
  sizeBytes: number;
  /** Null where it could not be read, or is larger than 4 MiB. */
  hash: string | null;
  /** Null likewise, and of a secret file. */
  content: Uint8Array | null;
  /** Of its access list, attributes and label. */
  attributes: string;
  freeBytes: number | null;
  freeInodes: number | null;
  lock: LockOwner | null;
  /** Tokens of runs of which something lies in its folder, held or not. */
  kept: string[];
  /** What lies where a run would keep its lock, and is nothing of a run's; null: a run could hold the folder. */
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

/** What its owner's shell answers is the owner's word: nothing of it ends the session. A file that changes while it is read is read once more. `isSecret`: its bytes stay on the host, and its hash is what that says. */
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

/** No request can name it, for a request is a line; hosts may have such names. */
const isOdd = (path: string): boolean => /[\n\r\0]/.test(path);

/** Nothing is known of it but why. */
function leaveUnseen(path: string, why: HostRefusal): FileInspection {
  const facts = new Map([["refusal", [[why]]]]);
  const file = readFile({ kind: "answered", status: "ok", words: [], facts, data: new Map() }, path);
  if (!file) throw new Error("what has no content has no other hash");
  return file;
}

/** A hash without the bytes is no evidence, but of a secret, whose bytes nobody may see. Null where the two disagree. */
function readFile(answer: Answered, path: string, isSecret = false): FileInspection | null {
  const [real = path] = first(answer, "real");
  if (isOdd(real) && real !== path) return leaveUnseen(path, "odd-path");
  const [why = "", detail = ""] = first(answer, "refusal");
  const [actor, actorName = ""] = first(answer, "actor");
  const [mode = "", links, uid, gid, size, ownerName = ""] = first(answer, "file");
  const actorUid = numberOrNull(actor);
  // What an account's own shell tells of a file makes it nobody's but that account's: by its owner's name commands are printed for root.
  const isTheirs = actorUid !== null && actorUid !== 0;
  const owner = isTheirs ? { uid: actorUid, owner: actorName } : { uid: toNumber(uid), owner: ownerName };
  const [freeBytes, freeInodes] = first(answer, "space");
  const content = answer.data.get("content") ?? null;
  const [hash = null] = content || isSecret ? first(answer, "hash") : [];
  if (content && hash !== createHash("sha256").update(content).digest("hex")) return null;
  return {
    // Where a link leads is told of a file that is refused, and is never written to.
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
    // Where somebody is told to look, and to remove something, is not the account's to say.
    workFolder: answer.facts.has("work-folder") ? `${folderOf(real)}/.latchkey` : null,
    rollbackTimers: readRollbackTimers(answer),
  };
}

/**
 * What a link leads to counts as that file, which an account would have its own be: so it is where root has seen it lead, too. Root alone
 * tells it where no account was asked.
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

/** What ls writes: `drwxr-x--T`, perhaps with a mark behind it. */
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
  /** From where the host saw this login come; null where it did not tell. */
  from: string | null;
  /** As `OpenSSH_10.0p2`; null where the host did not tell. */
  sshdVersion: string | null;
  /** What sshd says that it goes by, by its keywords in lower case; null where only root may ask. */
  sshd: ReadonlyMap<string, string> | null;
  /** Other sshd of root's that listen there: whoever logs in may choose. Empty where only root may ask. */
  otherSshds: readonly SshdInspection[];
  /** Files of sshd's configuration that were written since it has read them. */
  unloadedConfig: readonly string[];
};

type SshdInspection = {
  /** What its configuration as it stands says, by its keywords in lower case. */
  settings: ReadonlyMap<string, string>;
  /** Files of it that were written since it has read them; null: when it has read them is not known. */
  unloadedConfig: readonly string[] | null;
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
