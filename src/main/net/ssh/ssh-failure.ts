/** Why a host was not read, as a scan says it: every way in which SSH can fail has its outcome here. */

import type { TransientCause } from "#net/tasks.ts";
import { readConnectError } from "#net/tcp-connect.ts";
import type { HostKeyView, Outcome } from "#shared/model/hosts/probe.ts";
import type { Identity } from "./identities.ts";

/** The key that a host presented, with its blob. */
export type PresentedKey = HostKeyView & { blob: Uint8Array };

export type SshFailure = {
  outcome: Exclude<Outcome, "collected" | "presented" | "not-tls" | "truncated">;
  message: string;
  hostKey: PresentedKey | null;
  /** The host key was refused; nothing of ours was sent then. */
  isKeyRefused: boolean;
  transient: TransientCause | null;
  /** sshd ended the login because MaxAuthTries was reached: it refused the last try, too. */
  hasSpentTries?: true;
  /** ssh2 lacks what the host speaks; OpenSSH's own client may have it. */
  isBeyondSsh2?: true;
};

/** How far a connection has come. */
export type Progress = {
  stage: "connecting" | "greeting" | "key-exchange" | "login";
  hostKey: PresentedKey | null;
  /** The identities offered, in order. */
  tried: Identity[];
  /** The authentication method that is being tried now. */
  attempt: Attempt | null;
  /** The identity that the host accepted, but not by itself: it wants another method, too. */
  accepted: Identity | null;
  /** The host accepted what was typed, but wants another method, too. */
  isTyped: boolean;
  /** `open`: a person is prompted. `waiting`: the login waits for its turn to prompt. */
  promptState: "open" | "waiting" | null;
};

/** One authentication attempt. `onResult` is called once, with whether the host accepted it. */
export type Attempt = {
  method: "none" | "publickey" | "password" | "keyboard-interactive";
  identity: Identity | null;
  onResult?: (isRight: boolean) => void;
};

export type Where = { host: string; port: number };

/** What ssh2 and sockets add to an error. */
type ConnectionError = Error & { code?: string | number; level?: string; address?: string };

export const formatAddress = ({ host, port }: Where): string =>
  `${host.includes(":") ? `[${host}]` : host}:${port}`;

/** Reduces a stranger's text to one line of plain ASCII. */
export const quote = (said: string): string =>
  `"${said
    .slice(0, 200)
    .replace(/[^!-~]+/g, " ")
    .trim()}"`;

/** Why a connection ended before the login. `error` null: the host closed it. `said`: sent before a greeting. */
export function explainEnd(
  where: Where,
  progress: Progress,
  error: ConnectionError | null,
  said: string | null,
): Reason {
  switch (progress.stage) {
    case "connecting":
      return explainConnect(where, error && mostTelling(error));
    case "greeting":
      return explainGreeting(where, said ?? "");
    case "key-exchange":
      return explainKeyExchange(where, error);
    case "login":
      return explainLogin(where, progress, error);
  }
}

export type Reason = Pick<SshFailure, "outcome" | "message"> &
  Partial<Pick<SshFailure, "isKeyRefused" | "transient" | "hasSpentTries" | "isBeyondSsh2">>;

/** What had not finished when a deadline passed. */
export function explainTimeout(
  where: Where,
  { stage }: Progress,
  said: string | null,
  afterMs: number,
): Reason {
  const address = formatAddress(where);
  const within = `within ${afterMs / 1_000} s`;
  if (stage === "connecting") return { outcome: "timed-out", message: `${address} did not answer ${within}` };
  if (stage === "greeting" && said) return explainGreeting(where, said);
  if (stage === "greeting")
    return { outcome: "timed-out", message: `${address} took the connection but said nothing ${within}` };
  if (stage === "key-exchange")
    return {
      outcome: "timed-out",
      message: `${address} stopped in the key exchange: not done ${within}; a link that drops large packets (MTU) looks so`,
    };
  return { outcome: "timed-out", message: `${address} did not end the login ${within}` };
}

/** The error to report for several addresses: a refusal, for then a host is there; otherwise the last. */
function mostTelling(error: ConnectionError): ConnectionError {
  const errors: ConnectionError[] = error instanceof AggregateError ? error.errors : [];
  return errors.find(({ code }) => code === "ECONNREFUSED") ?? errors.at(-1) ?? error;
}

/** As for TLS, except that a port where nobody listens may be an sshd that is restarting. */
function explainConnect({ host, port }: Where, error: ConnectionError | null): Reason {
  const code = String(error?.code ?? error?.message ?? "closed");
  const { outcome, message, transient } = readConnectError({ code, address: error?.address }, port);
  if (transient) return { outcome, message, transient };
  return { outcome, message: `${host}: ${message}`, transient: RESTARTING.has(code) ? "refused" : null };
}

/** Error codes of a port whose server may be restarting. */
const RESTARTING = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE"]);

/** sshd sends these to an address that it refuses for now, then hangs up; most versions send nothing. */
const REFUSALS = /Not allowed at this time|Exceeded MaxStartups/;

/** Why there was no greeting; `said`: what came instead. */
export function explainGreeting(where: Where, said: string): Reason {
  const address = formatAddress(where);
  // biome-ignore lint/plugin: what sshd says before it speaks SSH is words alone
  if (said === "" || REFUSALS.test(said))
    return {
      outcome: "throttled",
      transient: "throttled",
      message: `${address} hung up before its greeting: sshd is probably refusing this address for now (PerSourcePenalties or MaxStartups); wait ten minutes, then scan it again`,
    };
  return { outcome: "reset", message: `${address} did not speak SSH: it said ${quote(said)}` };
}

function explainKeyExchange(where: Where, error: ConnectionError | null): Reason {
  const address = formatAddress(where);
  const missing = /no matching (.+)$/.exec(error?.message ?? "")?.[1];
  if (missing)
    return {
      outcome: "alert",
      message: `${address} and this program have no ${missing} in common; the host may allow only newer or much older ones`,
      isBeyondSsh2: true,
    };
  // biome-ignore lint/plugin: ssh2 has no code for it
  if (error?.message === "Invalid identification string")
    return { outcome: "reset", message: `${address} speaks a version of SSH that is not 2.0` };
  if (typeof error?.code === "number")
    return { outcome: "alert", message: `${address} ended the key exchange: ${quote(error.message)}` };
  if (!error || error.level === "client-socket")
    return { outcome: "reset", message: `${address} hung up in the key exchange` };
  return { outcome: "reset", message: `${address} broke the SSH protocol: ${quote(error.message)}` };
}

function explainLogin(where: Where, progress: Progress, error: ConnectionError | null): Reason {
  const address = formatAddress(where);
  if (progress.promptState === "waiting" && typeof error?.code !== "number")
    return {
      outcome: "reset",
      message: `${address} hung up before its turn to ask came, as sshd does after two minutes (LoginGraceTime): scan it again`,
      transient: "before-its-turn",
    };
  if (progress.promptState === "open" && typeof error?.code !== "number")
    return {
      outcome: "login-refused",
      message: `${address} hung up while an answer was waited for, as sshd does after two minutes (LoginGraceTime): scan it again`,
    };
  if (typeof error?.code === "number")
    return {
      outcome: "login-refused",
      message: `${address} ended the login: ${quote(error.message)}; ${formatTried(progress.tried)}`,
      // biome-ignore lint/plugin: OpenSSH has no code for it, but these words
      ...(/Too many authentication failures/.test(error.message) && { hasSpentTries: true as const }),
    };
  if (error && error.level !== "client-socket")
    return { outcome: "reset", message: `${address} broke the SSH protocol: ${quote(error.message)}` };
  return { outcome: "reset", message: `${address} hung up during the login; ${formatTried(progress.tried)}` };
}

/** How many keys were offered, and from where. */
export function formatTried(tried: readonly Identity[]): string {
  if (tried.length === 0) return "no key was offered";
  const counts = new Map<string, number>();
  for (const { source } of tried) counts.set(source, (counts.get(source) ?? 0) + 1);
  const sources = [...counts].map(([source, count]) =>
    source === "agent" ? `the agent (${count})` : source,
  );
  return `${tried.length} ${tried.length === 1 ? "key was" : "keys were"} offered: ${sources.join(", ")}`;
}
