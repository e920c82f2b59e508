import { MORE, type Negotiation, type Step } from "./dialogue.ts";

/** SSLRequest: its length and a number that is no version (PostgreSQL, "Message Formats"). */
const SSL_REQUEST = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

const MOST_ERROR = 8 * 1024;

export const createPostgresNegotiation = (): Negotiation => ({ opening: SSL_REQUEST, next });

/** One letter answers: S for yes, N for no, E for an error of one that does not come so far. */
function next(heard: Buffer): Step {
  // The greeting of SSH begins with a yes.
  if (heard.subarray(0, 4).toString("latin1") === "SSH-") return { kind: "other", heard };
  switch (String.fromCharCode(heard[0] ?? 0)) {
    case "S":
      return { kind: "ready", used: 1 };
    case "N":
      return heard.length === 1 ? { kind: "not-offered", said: "" } : { kind: "other", heard };
    case "E":
      return readError(heard);
    default:
      return { kind: "other", heard };
  }
}

/** ErrorResponse: fields of a letter and a text each; M is for people. */
function readError(heard: Buffer): Step {
  if (heard.length < 5) return MORE;
  const length = heard.readUInt32BE(1);
  if (length < 4 || length > MOST_ERROR) return { kind: "other", heard };
  if (heard.length < 1 + length) return MORE;
  const fields = heard
    .subarray(5, 1 + length)
    .toString("utf8")
    .split("\0");
  const message = fields.find((field) => field.startsWith("M"))?.slice(1) ?? "an error";
  return { kind: "turned-away", said: message };
}
