import type { Failure } from "#net/connect-failure.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import { within } from "./connect.ts";
import type { Answer } from "./exchange.ts";

type Limits = { handshakeMs: number; mostBytes: number };

/** What an answer without a chain means, for people. */
export function sayAnswer(
  answer: Exclude<Answer, { kind: "presented" }>,
  { handshakeMs, mostBytes }: Limits,
): Failure {
  switch (answer.kind) {
    case "alert":
      return { outcome: "alert", message: sayAlertName(answer.name) };
    case "not-tls":
      return { outcome: "not-tls", message: sayOther(answer.heard) };
    case "odd":
      return { outcome: "not-tls", message: `the server does not keep to TLS: it ${answer.why}` };
    case "flooded":
      return {
        outcome: "flooded",
        message: `the server sent more than ${mostBytes / 1024} KiB in its handshake; the rest was not read`,
      };
    case "timed-out":
      return { outcome: "timed-out", message: saySilence(answer.hasHeard, within(handshakeMs)) };
    case "reset":
      return { outcome: "reset", message: "the server reset the connection during the handshake" };
    case "closed":
      return answer.hasHeard
        ? { outcome: "truncated", message: "the server closed the connection in the middle of its handshake" }
        : {
            outcome: "reset",
            message: "the server closed the connection without an answer; it may speak no TLS on this port",
          };
    default:
      return assertNever(answer);
  }
}

function sayAlertName(name: string): string {
  const refused = `the server refused the handshake (alert ${name})`;
  return name === "unrecognized_name" ? `${refused}: it serves nothing under this name` : refused;
}

const saySilence = (hasHeard: boolean, time: string): string =>
  hasHeard
    ? `the server began its handshake and did not finish it ${time}`
    : `the server took the connection and said nothing ${time}`;

const PROTOCOLS: readonly [RegExp, string][] = [
  [/^SSH-/, "SSH"],
  [/^HTTP\//, "plain HTTP"],
  [/^220[ -].*(ftp)/i, "FTP"],
  [/^220[ -]/, "SMTP or FTP"],
  [/^\+OK/, "POP3"],
  [/^\* OK/, "IMAP"],
];

/** The first line of what was heard stands in it, without anything that a terminal would act on. */
function sayOther(heard: Buffer): string {
  const line = (
    heard
      .subarray(0, 60)
      .toString("latin1")
      .split(/[\r\n]/)[0] ?? ""
  ).replace(/[^\x20-\x7e]/g, "?");
  const protocol = PROTOCOLS.find(([pattern]) => pattern.test(line))?.[1];
  return `what listens there does not speak TLS${protocol ? ` but ${protocol}` : ""}: it said "${line}"`;
}
