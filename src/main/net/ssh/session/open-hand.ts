/** Opens a hand on a host: one shell that waits for requests, over a login that stands, whatever carries that. */
import { onAbort } from "#net/on-abort.ts";
import type { HostConnection } from "#net/ssh/host-connection.ts";
import type { CommandEnd } from "#net/ssh/run-script.ts";
import {
  formatAddress,
  type PresentedKey,
  quote,
  type SshFailure,
  type Where,
} from "#net/ssh/ssh-failure.ts";
import type { Hand } from "./hand.ts";
import type { Line } from "./line.ts";
import { beginSession, type NotBegun } from "./session.ts";

export type HandOptions = {
  /** As it is named to people. */
  target: Where;
  user: string;
  /** resources/rotation/hand, and after it any other library of verbs. */
  script: string;
  /** From the request until the shell has said its first word, in milliseconds. */
  beginMs: number;
  signal: AbortSignal;
};

/** The hand closes the login with itself; where none begins, that is closed here. Rejects only when told to stop, and only until it is open. */
export async function openHand(connection: HostConnection, options: HandOptions): Promise<Hand | SshFailure> {
  const { user, script, beginMs, signal } = options;
  const { loginKey, loginCertificate, clientKeys, isTyped, hostKey, transport, way } = connection;
  let hand: Hand | null = null;
  try {
    const begun = await orStopped(beginSession(lineOver(connection), script, beginMs), signal);
    if (!("ask" in begun)) return failToBegin(options, hostKey, begun);
    const { uid, ask, ended } = begun;
    hand = {
      user,
      uid,
      loginKey,
      loginCertificate,
      clientKeys,
      isTyped,
      hostKey,
      transport,
      way,
      ask,
      ended,
      [Symbol.asyncDispose]: () => connection.close(),
    };
    return hand;
  } finally {
    if (!hand) await connection.close();
  }
}

const ENDS: Record<CommandEnd, string> = {
  ended: "the shell has ended",
  refused: "the host runs no commands",
  lost: "the connection is gone",
};

/** What breaks first is the reason; nothing is sent after it. */
function lineOver({ run }: HostConnection): Line {
  let input: ReturnType<typeof run> | null = null;
  let isOver = false;
  return {
    send(text) {
      if (!isOver) input?.send(text);
    },
    follow(told) {
      input = run({
        out: told.out,
        complained: () => undefined,
        exited: () => undefined,
        over(end) {
          if (!isOver) told.over(ENDS[end]);
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
  { user, target }: HandOptions,
  hostKey: PresentedKey,
  { kind, message, noise }: NotBegun,
): SshFailure {
  const address = formatAddress(target);
  const fail = (outcome: SshFailure["outcome"], why: string): SshFailure => ({
    outcome,
    message: why,
    hostKey,
    isKeyRefused: false,
    passing: null,
  });
  if (kind === "silent") return fail("timed-out", `${address}: ${message}`);
  const said = noise.trim() ? `it answered ${quote(noise.trim())}` : "it said nothing";
  return fail("restricted-shell", `${user} at ${address} cannot run a script: ${said} (${message})`);
}
