/** Changes files of a host through its session: each function returns the outcome; `lost` means that it is unknown. */
import type { RollbackTimer } from "#shared/model/runs/plan.ts";
import {
  exchange,
  type Failed,
  insist,
  type LockOwner,
  type Lost,
  type Refused,
  type RemoteSession,
  readLockOwner,
  readTail,
  writeBytes,
} from "./remote-session.ts";

type Tail = Refused | Failed | Lost;
export type Changed = { kind: "changed"; hash: string | null };

/** A file of a run: its path without links, its name within the run, and the run's token. */
export type RunFile = { path: string; id: string; token: string };

type BeginRequest = {
  /** Any file of the folder. */
  path: string;
  token: string;
  /** Shown to others that find the folder locked. */
  who: string;
  leaseSeconds: number;
  /** The token of an expired lock to break. */
  breaks?: string | null;
};

/** Takes or renews the lock of a folder. `isRenewed`: this run held it before, or has files there. */
export async function begin(
  session: RemoteSession,
  { path, token, who, leaseSeconds, breaks = null }: BeginRequest,
): Promise<{ kind: "begun"; isRenewed: boolean; leaseEnd: number } | { kind: "held"; by: LockOwner } | Tail> {
  const words = [path, token, who, String(leaseSeconds), breaks ?? ""];
  const answer = await exchange(session, { verb: "begin", words });
  if (answer.kind === "lost") return answer;
  if (answer.status === "ok")
    return { kind: "begun", isRenewed: answer.words[0] === "renewed", leaseEnd: Number(answer.words[2]) };
  const by = answer.words[0] === "held" ? readLockOwner(answer.words.slice(1)) : null;
  return by ? { kind: "held", by } : readTail(answer);
}

export type WriteRequest = RunFile & {
  /** Hash of the file as the run found it; all splices apply to those bytes. */
  before: string;
  /** The file must have one of these hashes now. */
  expected: readonly string[];
  newHash: string;
  splices: readonly { at: number; removed: number; inserted: Uint8Array }[];
};

/** Replaces a file if it has an expected hash. Without splices it becomes what it was before the run. */
export async function write(
  session: RemoteSession,
  { path, id, token, before, expected, newHash, splices }: WriteRequest,
): Promise<{ kind: "written"; already: boolean } | Changed | Tail> {
  const pieces = splices.flatMap(({ at, removed, inserted }) => [
    String(at),
    String(removed),
    writeBytes(inserted),
  ]);
  const words = [path, id, token, before, expected.join(","), newHash, ...pieces];
  const answer = await insist(session, { verb: "write", words });
  if (answer.kind === "lost") return answer;
  if (answer.status === "ok") return { kind: "written", already: answer.words[0] === "already" };
  return readChanged(answer.words) ?? readTail(answer);
}

type RollbackRequest = RunFile & {
  timer: RollbackTimer;
  seconds: number;
  /** Its hash after the coming write; and its hash now, to which it would be rolled back. */
  wrote: string;
  prior: string;
  /** Whole lines to add if the file has neither hash by then. */
  putBack: Uint8Array | null;
  /** There was no file before: a rollback removes it. */
  isCreated?: boolean;
};

/** Before a write: makes the host itself roll it back after so many seconds. */
export async function startRollbackTimer(
  session: RemoteSession,
  { path, id, token, timer, seconds, wrote, prior, putBack, isCreated = false }: RollbackRequest,
): Promise<{ kind: "armed" } | Tail> {
  const lines = putBack ? writeBytes(putBack) : "";
  const created = isCreated ? "yes" : "no";
  const words = [path, id, token, timer, String(seconds), wrote, prior, lines, created];
  const answer = await exchange(session, { verb: "arm", words });
  if (answer.kind === "lost") return answer;
  if (answer.status !== "ok") return readTail(answer);
  if (timer !== "systemd-run") return { kind: "armed" };
  const [, generation = ""] = answer.words;
  const started = await exchange(session, {
    verb: "start_timer",
    words: [path, id, token, generation, String(seconds)],
  });
  if (started.kind === "answered" && started.status === "ok") return { kind: "armed" };
  const off = await stopRollbackTimer(session, { path, id, token });
  if (off.kind === "lost" || started.kind === "lost")
    return started.kind === "lost" ? started : (off as Lost);
  return readTail(started);
}

/** `fired`: it was too late, and the host has rolled the write back, or is about to. */
export async function stopRollbackTimer(
  session: RemoteSession,
  { path, id, token }: RunFile,
): Promise<{ kind: "disarmed" } | { kind: "fired" } | Tail> {
  const answer = await exchange(session, { verb: "disarm", words: [path, id, token] });
  if (answer.kind === "lost") return answer;
  if (answer.words[0] === "fired") return { kind: "fired" };
  if (answer.status !== "ok") return readTail(answer);
  const [, ...timers] = answer.words;
  for (let at = 0; at + 1 < timers.length; at += 2) {
    if (timers[at] !== "systemd-run") continue;
    const stopped = await exchange(session, {
      verb: "stop_timer",
      words: [`${token}-${id}-${timers[at + 1]}`],
    });
    if (stopped.kind === "lost") return stopped;
  }
  return { kind: "disarmed" };
}

/** `uid`: the user who is to own the file. */
type NewFile = { path: string; uid: number };

/** Creates an empty file, and its folder if that is missing; an existing file stays. */
export async function create(
  session: RemoteSession,
  { path, uid }: NewFile,
): Promise<{ kind: "created" } | Tail> {
  const answer = await exchange(session, { verb: "create", words: [path, String(uid)] });
  if (answer.kind === "lost") return answer;
  return answer.status === "ok" ? { kind: "created" } : readTail(answer);
}

/** Removes the file, or the created folder, again if it is empty. */
export async function uncreate(
  session: RemoteSession,
  { path, uid, made }: NewFile & { made: "file" | "folder" },
): Promise<{ kind: "gone" } | Changed | Tail> {
  const answer = await exchange(session, { verb: "uncreate", words: [path, String(uid), made] });
  if (answer.kind === "lost") return answer;
  if (answer.status === "ok") return { kind: "gone" };
  return readChanged(answer.words) ?? readTail(answer);
}

/** Releases the lock, and leaves the run's backup files. */
export async function unlock(
  session: RemoteSession,
  { path, token }: Omit<RunFile, "id">,
): Promise<{ kind: "unlocked" } | Tail> {
  const answer = await exchange(session, { verb: "unlock", words: [path, token] });
  if (answer.kind === "lost") return answer;
  return answer.status === "ok" ? { kind: "unlocked" } : readTail(answer);
}

/** Releases the lock and removes the run's files. `late-edit`: an editor wrote to the file after its replacement. */
export async function end(
  session: RemoteSession,
  { path, token }: Omit<RunFile, "id">,
): Promise<{ kind: "ended" } | { kind: "late-edit"; files: string[] } | Tail> {
  const answer = await exchange(session, { verb: "end", words: [path, token] });
  if (answer.kind === "lost") return answer;
  if (answer.status === "ok") return { kind: "ended" };
  const [why, ...files] = answer.words;
  return why === "late-edit" ? { kind: "late-edit", files } : readTail(answer);
}

export function readChanged([why, hash]: readonly string[]): Changed | null {
  return why === "changed" ? { kind: "changed", hash: hash || null } : null;
}
