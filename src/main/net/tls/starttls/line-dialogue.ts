import { MORE, type Negotiation, NOTHING, type Step } from "./dialogue.ts";

/** What is asked, and how the answer to it is read, line by line; lines are without their ends. */
export type Turn = {
  /** Empty where the server speaks unasked. */
  ask: string;
  /** How the answer's first line begins, where its later lines may be anything. */
  begins?: RegExp;
  /** A line that stands somewhere in the answer of a server that offers TLS. */
  offer?: RegExp;
  /** The last line of the answer, by what it means. Who says something else speaks another protocol. */
  good: RegExp;
  notOffered?: RegExp;
  refused?: RegExp;
  turnedAway?: RegExp;
  /** A line after which others follow; looked for last. */
  more: RegExp;
};

const MOST_LINE = 1_024;
const MOST_LINES = 100;

/** Turns in their order; after the last the server awaits a hello. */
export function createLineNegotiation(turns: readonly [Turn, ...Turn[]]): Negotiation {
  let turn = turns[0];
  let at = 0;
  let lines = 0;
  let isFirst = true;
  let isOffered = false;

  return { opening: askOf(turns[0]), next };

  function next(heard: Buffer): Step {
    const end = heard.indexOf(LINE_FEED);
    const line = end === -1 ? heard : heard.subarray(0, end + 1);
    if (hasControls(line)) return { kind: "other", heard };
    if (line.length > MOST_LINE) return { kind: "flooded", what: `a line of more than ${MOST_LINE} bytes` };
    if (end === -1) return MORE;
    if (++lines > MOST_LINES) return { kind: "flooded", what: `more than ${MOST_LINES} lines` };
    return takeLine(line.toString("latin1").replace(/\r?\n$/, ""), line);
  }

  function takeLine(said: string, line: Buffer): Step {
    const begins = isFirst ? turn.begins : undefined;
    isFirst = false;
    isOffered ||= turn.offer?.test(said) ?? false;
    if (turn.turnedAway?.test(said)) return { kind: "turned-away", said };
    if (turn.notOffered?.test(said)) return { kind: "not-offered", said };
    if (turn.refused?.test(said)) return { kind: "refused", said };
    if (begins && !begins.test(said)) return { kind: "other", heard: line };
    if (turn.good.test(said)) return goOn(line.length);
    return turn.more.test(said) ? { kind: "go", used: line.length } : { kind: "other", heard: line };
  }

  function goOn(used: number): Step {
    if (turn.offer && !isOffered) return { kind: "not-offered", said: "" };
    const following = turns[++at];
    if (!following) return { kind: "ready", used };
    turn = following;
    isFirst = true;
    isOffered = false;
    return { kind: "go", used, say: askOf(turn) };
  }
}

const LINE_FEED = 0x0a;

const askOf = ({ ask }: Turn): Uint8Array => (ask === "" ? NOTHING : Buffer.from(`${ask}\r\n`));

/** Text holds no control characters but tabs, line ends and those that colour a banner. */
const hasControls = (line: Buffer): boolean =>
  line.some((byte) => byte < 0x09 || (byte > 0x0d && byte < 0x1b));
