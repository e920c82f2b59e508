/** Opens a session on a host: one shell that waits for requests, over an open login, by whichever client. */

import { randomBytes } from "node:crypto";
import type { CommandEnd, HostConnection } from "#net/ssh/host-connection.ts";
import {
  formatAddress,
  type PresentedKey,
  quote,
  type SshFailure,
  type Where,
} from "#net/ssh/ssh-failure.ts";
import { onAbort } from "#net/tasks.ts";
import { END_ALIASES } from "#shared/text/scripts.ts";
import { Conversation, type Line } from "./conversation.ts";
import type { Lost, RemoteSession } from "./remote-session.ts";

type SessionOptions = {
  /** The address as the user named it. */
  target: Where;
  user: string;
  /** resources/rotation/session, followed by any other library of verbs. */
  script: string;
  /** From the request until the shell has printed its first word, in milliseconds. */
  beginMs: number;
  signal: AbortSignal;
};

/** Disposing the session, or a failure here, closes the login. Rejects only if `signal` aborts before it is open. */
export async function openRemoteSession(
  connection: HostConnection,
  options: SessionOptions,
): Promise<RemoteSession | SshFailure> {
  const { user, script, beginMs, signal } = options;
  const { loginKey, loginCertificate, clientKeys, isTyped, hostKey, transport, proxy } = connection;
  let session: RemoteSession | null = null;
  try {
    const begun = await orStopped(beginSession(lineOver(connection), script, beginMs), signal);
    if (!("send" in begun)) return failToBegin(options, hostKey, begun);
    const { uid, send, ended } = begun;
    session = {
      user,
      uid,
      loginKey,
      loginCertificate,
      clientKeys,
      isTyped,
      hostKey,
      transport,
      proxy,
      send,
      ended,
      [Symbol.asyncDispose]: () => connection.close(),
    };
    return session;
  } finally {
    if (!session) await connection.close();
  }
}

const ENDS: Record<CommandEnd, string> = {
  ended: "the shell has ended",
  refused: "the host runs no commands",
  lost: "the connection is gone",
};

/** Whatever breaks first is the reason; nothing is sent after it. */
function lineOver({ run }: HostConnection): Line {
  let input: ReturnType<typeof run> | null = null;
  let isOver = false;
  return {
    send(text) {
      if (!isOver) input?.send(text);
    },
    follow(handlers) {
      input = run({
        out: handlers.out,
        complained: () => undefined,
        exited: () => undefined,
        over(end) {
          if (!isOver) handlers.over(ENDS[end]);
          isOver = true;
        },
      });
    },
  };
}

function orStopped<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  if (signal.aborted) reject(signal.reason);
  const forget = onAbort(signal, () => reject(signal.reason));
  return Promise.race([work, promise]).finally(forget);
}

function failToBegin(
  { user, target }: SessionOptions,
  hostKey: PresentedKey,
  { kind, message, noise }: NotBegun,
): SshFailure {
  const address = formatAddress(target);
  const fail = (outcome: SshFailure["outcome"], why: string): SshFailure => ({
    outcome,
    message: why,
    hostKey,
    isKeyRefused: false,
    transient: null,
  });
  if (kind === "silent") return fail("timed-out", `${address}: ${message}`);
  const said = noise.trim() ? `it answered ${quote(noise.trim())}` : "it said nothing";
  return fail("restricted-shell", `${user} at ${address} cannot run a script: ${said} (${message})`);
}

type Begun = { uid: number; send: RemoteSession["send"]; ended: Promise<Lost> };
/** `noise`: the beginning of what the host sent instead. */
type NotBegun = { kind: "lost" | "silent"; message: string; noise: string };

/**
 * The command is `sh -s` for every host: the account's login shell parses it, be it csh or fish. sh reads ahead, so it
 * gets no more than this until it says that it runs; the library comes after. The empty lines are for an rc file that
 * reads an answer: it takes one. Aliases are removed first: a shell may parse the whole library before it runs its
 * first line.
 */
const BOOT = `${"\n".repeat(8)}${END_ALIASES}
{
session_library= session_piece=
echo session"-"boots
while IFS= read -r session_line; do
case $session_line in '#session-ends') break ;; esac
session_piece="$session_piece$session_line
"
[ \${#session_piece} -lt 4096 ] || session_library=$session_library$session_piece session_piece=
done
session_library=$session_library$session_piece
eval "$session_library"
IFS= read -r session_line
session_serve "$session_line"
exit
}
`;
const BOOTS = "session-boots";
const MOST_EARLY = 64 * 1024;

/** Starts the session at the other end. */
export async function beginSession(line: Line, script: string, beginMs: number): Promise<Begun | NotBegun> {
  const nonce = randomBytes(16).toString("hex");
  const conversation = new Conversation(line, nonce);
  const { promise: booted, resolve: boot } = Promise.withResolvers<"booted" | "too late">();
  let early = "";
  line.follow({
    out(chunk) {
      if (early.length < MOST_EARLY) early += chunk.toString("latin1");
      if (early.includes(BOOTS)) boot("booted");
      conversation.take(chunk);
    },
    over: (why) => conversation.lose(why),
  });
  line.send(BOOT);
  const timer = setTimeout(boot, beginMs, "too late");
  const how = await Promise.race([booted, conversation.ended]);
  clearTimeout(timer);
  if (how !== "booted") return { ...notBegun(how, beginMs), noise: early };
  const ready = await conversation.first(`${shorten(script)}\n#session-ends\n${nonce}\n`, beginMs);
  if (ready.kind === "lost") return { ...ready, noise: early };
  const [word, uid] = ready.words;
  if (ready.status !== "ok" || word !== "ready" || !/^\d{1,10}$/.test(uid ?? ""))
    return { kind: "lost", message: "it began with an answer that makes no sense", noise: early };
  return { uid: Number(uid), send: conversation.send, ended: conversation.ended };
}

function notBegun(how: Lost | "too late", beginMs: number): Omit<NotBegun, "noise"> {
  if (how !== "too late") return how;
  return {
    kind: "silent",
    message: `it did not come to what it was asked to run within ${beginMs / 1_000} s`,
  };
}

/** Drops comment lines and indentation: the shell at the other end reads byte by byte. */
const shorten = (script: string): string =>
  script
    .split("\n")
    .filter((line) => !/^\t*#/.test(line) && line !== "")
    .map((line) => line.replace(/^\t+/, ""))
    .join("\n");
