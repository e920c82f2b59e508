/** Changing files of a host by its hand: each answers with what came of it, and `lost` means that nobody knows. */
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
  /** Shown to whoever finds the folder held. */
  who: string;
  leaseSeconds: number;
  /** The token of a lock whose lease is over. */
  breaks?: string | null;
};

/** Takes the lock of a folder, or renews it. `isRenewed`: this run had it before, or has something there. */
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
  /** As the run has found it; all splices are of these bytes. */
  before: string;
  /** Any of these is there now. */
  expected: readonly string[];
  newHash: string;
  splices: readonly { at: number; removed: number; inserted: Uint8Array }[];
};

/** Replaces a file if it is what is expected. Without splices it becomes what it was before the run. */
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
  /** Its hash once the write to come is done; and the one it has now, which it would get back. */
  wrote: string;
  prior: string;
  /** Whole lines to be added where it is neither by then. */
  putBack: Uint8Array | null;
  /** There was no file before: it goes away then. */
  isCreated?: boolean;
};

/** Before a write: has the host itself take it back after so many seconds. */
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

/** `fired`: it was too late, and the host has taken the write back, or is about to. */
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

/** Of whoever the file is to belong to. */
type NewFile = { path: string; uid: number };

/** Makes an empty file, and its folder where that is missing; what is there already stays. */
export async function create(
  session: RemoteSession,
  { path, uid }: NewFile,
): Promise<{ kind: "created" } | Tail> {
  const answer = await exchange(session, { verb: "create", words: [path, String(uid)] });
  if (answer.kind === "lost") return answer;
  return answer.status === "ok" ? { kind: "created" } : readTail(answer);
}

/** Takes it away again, if nothing is in it. */
export async function uncreate(
  session: RemoteSession,
  { path, uid, made }: NewFile & { made: "file" | "folder" },
): Promise<{ kind: "gone" } | Changed | Tail> {
  const answer = await exchange(session, { verb: "uncreate", words: [path, String(uid), made] });
  if (answer.kind === "lost") return answer;
  if (answer.status === "ok") return { kind: "gone" };
  return readChanged(answer.words) ?? readTail(answer);
}

/** Gives the lock back, and leaves what the run has kept beside it. */
export async function unlock(
  session: RemoteSession,
  { path, token }: Omit<RunFile, "id">,
): Promise<{ kind: "unlocked" } | Tail> {
  const answer = await exchange(session, { verb: "unlock", words: [path, token] });
  if (answer.kind === "lost") return answer;
  return answer.status === "ok" ? { kind: "unlocked" } : readTail(answer);
}

/** Gives the lock back, and clears away what the run has kept. `late-edit`: an editor that was open all the time wrote to a file that was replaced meanwhile. */
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
