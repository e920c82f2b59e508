import { type Failure, within } from "#net/tcp-connect.ts";
import { assertNever } from "#shared/model/assert-never.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";
import { formatEndpoint } from "#shared/text/hosts/target.ts";
import type { Answer } from "./server-flight-reader.ts";
import { findSpeaker, quoteReceived } from "./starttls/negotiation.ts";
import { toStopFailure } from "./starttls/start-tls.ts";

type Limits = { handshakeMs: number; mostBytes: number };

/** What an answer without a chain means, for people. */
export function toFailure(
  answer: Exclude<Answer, { kind: "presented" }>,
  target: TlsTarget,
  { handshakeMs, mostBytes }: Limits,
): Failure {
  switch (answer.kind) {
    case "alert":
      return { outcome: "alert", message: formatAlertName(answer.name) };
    case "not-tls":
      return toPlainTextFailure(answer.received, target);
    case "odd":
      return { outcome: "not-tls", message: `the server does not keep to TLS: it ${answer.why}` };
    case "flooded":
      return {
        outcome: "flooded",
        message: `the server sent more than ${mostBytes / 1024} KiB in its handshake; the rest was not read`,
      };
    case "timed-out":
      return { outcome: "timed-out", message: formatSilence(answer.hasReceived, within(handshakeMs)) };
    case "reset":
      return {
        outcome: "reset",
        message: "the server reset the connection during the handshake",
        closedBy: "reset",
      };
    case "closed":
      return answer.hasReceived
        ? {
            outcome: "truncated",
            message: "the server closed the connection in the middle of its handshake",
            closedBy: "closed-midway",
          }
        : {
            outcome: "reset",
            message: "the server closed the connection without an answer; it may speak no TLS on this port",
            closedBy: "closed",
          };
    default:
      return assertNever(answer);
  }
}

function formatAlertName(name: string): string {
  const refused = `the server refused the handshake (alert ${name})`;
  return name === "unrecognized_name" ? `${refused}: it serves nothing under this name` : refused;
}

const formatSilence = (hasReceived: boolean, time: string): string =>
  hasReceived
    ? `the server began its handshake and did not finish it ${time}`
    : `the server took the connection and said nothing ${time}`;

/** After a STARTTLS negotiation, plain text is what somebody has put there. */
function toPlainTextFailure(received: Buffer, target: TlsTarget): Failure {
  const { protocol } = target;
  if (protocol !== "tls") return toStopFailure({ kind: "injected", received }, { target, protocol });
  return { outcome: "not-tls", message: describeOtherProtocol(received, target) };
}

/** The first line of what was received stands in it, and how to write it where it is a protocol that turns to TLS. */
function describeOtherProtocol(received: Buffer, target: TlsTarget): string {
  const speaker = findSpeaker(received);
  const how = speaker ? ` but ${speaker.name}` : "";
  const remedy = speaker?.protocol
    ? `; it may turn to TLS: write ${formatEndpoint({ ...target, protocol: speaker.protocol })}`
    : "";
  return `what listens there does not speak TLS${how}: it said "${quoteReceived(received)}"${remedy}`;
}
