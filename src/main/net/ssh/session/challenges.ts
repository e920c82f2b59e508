import { isIP } from "node:net";
import { isHostRefusal } from "#shared/model/runs/host-refusal.ts";
import {
  formatRefused,
  formatRefusedByRoot,
  HOST_REFUSALS,
  isMountOf,
  pathNamed,
} from "#shared/text/runs/host-refusal.ts";
import { exchange, type Lost, type RemoteSession, type SessionAnswer } from "./remote-session.ts";

/** The configuration of a running server: its files, each after a line that names it, and its command line. */
type ServerDump = { server: "nginx" | "apache"; commandLine: string[]; text: string };

type ChallengeInspection = {
  /** At the requested ports; null: unknown. `address`: as text. */
  listeners: { port: number; address: string; program: string | null }[] | null;
  servers: ChallengeServer[];
  hasOpenssl: boolean;
  isRoot: boolean;
  dumps: ServerDump[];
  /** Why a running server has no dump: "nginx runs in a container". */
  unreadable: string[];
};

const DEADLINE_MS = 60_000;
const MOST_SAID = 300;

/** Inspects how challenges could be answered on a host. Changes nothing. */
export async function inspectChallengeMethods(
  session: RemoteSession,
  ports: readonly number[] = [80, 443],
): Promise<{ kind: "seen"; inspection: ChallengeInspection } | { kind: "refused"; message: string } | Lost> {
  const request = { verb: "challenge_inspect", words: ports.map(String) };
  const answer = await session.send(request, { deadlineMs: DEADLINE_MS });
  if (answer.kind === "lost") return answer;
  const { facts, data, status } = answer;
  if (status !== "ok") return { kind: "refused", message: "the host did not report what listens there" };
  const all = (name: string) => facts.get(name) ?? [];
  const servers: readonly string[] = all("servers")[0] ?? [];
  return {
    kind: "seen",
    inspection: {
      listeners: facts.has("no-listeners") ? null : all("listener").flatMap(readListener),
      servers: CHALLENGE_SERVERS.filter((one) => servers.includes(one)),
      hasOpenssl: facts.has("openssl"),
      isRoot: session.uid === 0,
      dumps: (["nginx", "apache"] as const).flatMap((server) =>
        all(server).flatMap(([pid = "", ...commandLine]) => {
          const text = data.get(`${server}-${pid}`);
          return text ? [{ server, commandLine, text: Buffer.from(text).toString("utf8") }] : [];
        }),
      ),
      unreadable: [
        ...all("contained").map(([server = ""]) => `${server} runs in a container`),
        ...all("unreadable").map(([server = ""]) => `the owner of the running ${server} could not be read`),
        ...all("strange").map(([server = "", why = ""]) => formatStrange(server, why)),
        ...all("problem").map(([server = "", why = ""]) =>
          `${server} does not show its configuration: ${why}`.slice(0, MOST_SAID),
        ),
      ],
    },
  };
}

/** Why a running server is not asked for its configuration, by the host's word for it; other words are unknown here. */
const STRANGE: Readonly<Record<string, string>> = {
  mounts: "has mounts of its own, as a service with PrivateTmp has, so its files could not be identified",
  elsewhere:
    "has processes or a root folder of its own, as in a container or a chroot, so its files could not be identified",
  program:
    "is a program that others than root may write, or another one by that name, so root does not ask it for its configuration",
  login:
    "was started by somebody who logged in, with words of theirs, so root does not ask it for its configuration",
  files:
    "was started with a file that is not there, or that others than root may write, so root does not ask it for its configuration",
  unknown:
    "was started with a path that could not be resolved, so root does not ask it for its configuration",
};

const formatStrange = (server: string, why: string): string =>
  `${server} ${STRANGE[why] ?? "is not asked for its configuration"}`;

const readListener = ([port = "", address = "", program]: readonly string[]) => {
  const text = readAddress(address);
  if (!/^[0-9A-F]{4}$/.test(port) || text === null) return [];
  return [{ port: Number.parseInt(port, 16), address: text, program: program?.trim() || null }];
};

/** As in /proc/net/tcp: words of four bytes, each in reverse order. */
function readAddress(hex: string): string | null {
  if (!/^(?:[0-9A-F]{8}|[0-9A-F]{32})$/.test(hex)) return null;
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, "hex")].reverse());
  if (bytes.length === 4) return bytes.join(".");
  const groups = Array.from({ length: 8 }, (_, at) =>
    (((bytes[at * 2] ?? 0) << 8) | (bytes[at * 2 + 1] ?? 0)).toString(16),
  ).join(":");
  const text = new URL(`http://[${groups}]`).hostname.slice(1, -1);
  return isIP(text) === 6 ? text : null;
}

/** Answers challenges on a host, by resources/rotation/challenge. Each request is idempotent. */

/** A run and one of its challenges, in letters and digits: files on the host have these in their names. */
type ChallengeId = { token: string; id: string };
/** `message`: why not, for a person. Nothing was left. */
type NotPut = { kind: "failed"; message: string };

const lost = (message: string): NotPut => ({ kind: "failed", message: `the host was lost: ${message}` });

type FileRequest = ChallengeId & {
  folder: string;
  of: "site" | "challenges";
  name: string;
  text: string;
};

/** Writes a file where the web server has /.well-known/acme-challenge/, as the owner of that folder. */
export async function putChallengeFile(
  session: RemoteSession,
  { token, id, folder, of, name, text }: FileRequest,
): Promise<{ kind: "put"; path: string } | NotPut> {
  const answer = await exchange(session, {
    verb: "challenge_put",
    words: [folder, of, token, id, name, text],
  });
  if (answer.kind === "lost") return lost(answer.message);
  if (answer.status === "ok") return { kind: "put", path: answer.words[1] ?? "" };
  const challengeFolder = of === "site" ? `${folder}/.well-known/acme-challenge` : folder;
  return { kind: "failed", message: formatWhy(answer, folder, `${challengeFolder}/${name}`) };
}

export const CHALLENGE_SERVERS = ["python3", "perl", "busybox", "socat"] as const;
export type ChallengeServer = (typeof CHALLENGE_SERVERS)[number];

type ServeRequest = ChallengeId & {
  port: number;
  seconds: number;
  with: ChallengeServer;
  path: string;
  text: string;
};

/** Has the host serve one path at a free port, on all its addresses, until stopped or for so many seconds. */
export async function serveChallenge(
  session: RemoteSession,
  { token, id, port, seconds, with: program, path, text }: ServeRequest,
): Promise<{ kind: "started" } | NotPut> {
  const words = [token, id, String(port), String(seconds), program, path, text];
  const answer = await exchange(session, { verb: "challenge_serve", words });
  if (answer.kind === "lost") return lost(answer.message);
  return answer.status === "ok"
    ? { kind: "started" }
    : { kind: "failed", message: formatWhy(answer, `port ${port}`) };
}

type ShowRequest = ChallengeId & { port: number; seconds: number; name: string; digest: Uint8Array };

/** Has the host's openssl present a certificate with the digest to clients of acme-tls/1 (RFC 8737). */
export async function showChallenge(
  session: RemoteSession,
  { token, id, port, seconds, name, digest }: ShowRequest,
): Promise<{ kind: "started" } | NotPut> {
  const words = [token, id, String(port), String(seconds), name, Buffer.from(digest).toString("hex")];
  const answer = await exchange(session, { verb: "challenge_tls", words });
  if (answer.kind === "lost") return lost(answer.message);
  return answer.status === "ok"
    ? { kind: "started" }
    : { kind: "failed", message: formatWhy(answer, `port ${port}`) };
}

type Cleared = { kind: "cleared" } | { kind: "left"; message: string };

/**
 * Removes what was begun for a run on this host, even if the process that began it has ended: servers, files, and the
 * folders that were created for those. `id`: of one challenge alone. Nothing to remove is no failure.
 */
export async function clearChallenges(
  session: RemoteSession,
  { token, id }: { token: string; id?: string },
): Promise<Cleared> {
  const listed = await exchange(session, { verb: "challenge_list", words: [token] });
  if (listed.kind === "lost") return left(`the host was lost: ${listed.message}`);
  if (listed.status !== "ok") return left(formatWhy(listed, "what was begun for this run"));
  const messages: string[] = [];
  for (const [file = "", ...words] of listed.facts.get("file") ?? [])
    if (id === undefined || id === file)
      messages.push(...(await dropFile(session, { token, id: file }, words)));
  for (const [server = ""] of listed.facts.get("server") ?? []) {
    if (id !== undefined && id !== server) continue;
    const stopped = await exchange(session, { verb: "challenge_stop", words: [token, server] });
    if (stopped.kind === "lost") messages.push(`the host was lost: ${stopped.message}`);
    else if (stopped.status !== "ok") messages.push(formatWhy(stopped, "what was served for the challenge"));
  }
  const ended = await exchange(session, { verb: "challenge_end", words: [token] });
  if (ended.kind === "lost") messages.push(`the host was lost: ${ended.message}`);
  return messages.length > 0 ? left(messages.join("; ")) : { kind: "cleared" };
}

const left = (message: string): Cleared => ({ kind: "left", message });

async function dropFile(
  session: RemoteSession,
  { token, id }: { token: string; id: string },
  [folder = "", name = "", hash = "", made = ""]: readonly string[],
): Promise<string[]> {
  const words = [folder, name, hash, made, token, id];
  const dropped = await exchange(session, { verb: "challenge_drop", words });
  if (dropped.kind === "lost") return [`the host was lost: ${dropped.message}`];
  const file = `${folder}/${name}`;
  if (dropped.status !== "ok") return [formatWhy(dropped, file, file)];
  const forgotten = await exchange(session, { verb: "challenge_forget", words: [token, id] });
  if (forgotten.kind === "lost") return [`the host was lost: ${forgotten.message}`];
  return forgotten.status === "ok" ? [] : [formatWhy(forgotten, "what was written down of the challenge")];
}

/** Why a request about a challenge was not fulfilled, for a person. */

/** By the word with which resources/rotation/challenge refuses. */
const SENTENCES: { [why: string]: string } = {
  "path-occupied": "exists already, and no run has made it: check it, then move it away",
  "linked-folder": "lies behind a symbolic link that somebody else could turn elsewhere",
  "no-folder": "is not there, or cannot be entered",
  "no-space": "cannot be written: the disk or its inodes are full",
  "not-owner": "belongs to somebody else: log in as its owner, or as root",
  "not-writable": "may not be written to",
  "read-only": "lies on a file system that is read-only",
  "no-openssl": "has no openssl, which would show the certificate",
};

/** Most characters that are kept of a host's detail. */
const MOST_DETAIL = 300;

/**
 * Why a request about `where` was not fulfilled: a folder, a port, or what is kept for the run. `file`: the one to
 * write or remove. The folder's owner may forge the answer: another path in it is not shown for the file.
 */
export function formatWhy(answer: Exclude<SessionAnswer, Lost>, where: string, file?: string): string {
  const [why = "", ...rest] = answer.words;
  const detail = rest.join(" ").slice(0, MOST_DETAIL);
  if (why === "port-taken") return `${where} is taken${detail ? ` by ${detail}` : ""}: nothing was changed`;
  if (why === "no-server") return `nothing could be served at ${where}${detail ? `: ${detail}` : ""}`;
  if (why === "openssl") return `the host's openssl made no certificate${detail ? `: ${detail}` : ""}`;
  const isMount = pathNamed(detail) !== null && (file === undefined || isMountOf(detail, file));
  if (why === "no-space" && isMount) return formatRefusedByRoot({ why, detail }, where);
  if (why === "path-occupied" && file !== undefined) {
    const isItself = nameOf(detail) === nameOf(file);
    return isItself ? `${file} ${SENTENCES[why]}` : formatRefused({ why, detail }, file);
  }
  const sentence = SENTENCES[why] ?? (isHostRefusal(why) ? HOST_REFUSALS[why] : HOST_REFUSALS.unknown);
  const thing = why === "path-occupied" && detail ? detail : where;
  return `${thing} ${sentence}`;
}

const nameOf = (path: string): string => path.slice(path.lastIndexOf("/"));
