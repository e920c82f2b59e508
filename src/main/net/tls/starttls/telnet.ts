import { isTls } from "#net/tls/describe-heard.ts";
import { MORE, type Negotiation, type Step } from "./dialogue.ts";

const [IAC, DONT, DO, WONT, WILL, SB, SE] = [255, 254, 253, 252, 251, 250, 240];

const START_TLS = 46;
const FOLLOWS = 1;

/** The older way, of telnetd-ssl: SSL as a kind of authentication (RFC 2941 has the frame, and no number for it). */
const AUTHENTICATION = 37;
const [IS, SEND, REPLY] = [0, 1, 2];
const SSL = 7;
const [START, ACCEPT] = [1, 2];

const option = (verb: number, code: number): Uint8Array => Buffer.from([IAC, verb, code]);
const suboption = (...bytes: number[]): Uint8Array => Buffer.from([IAC, SB, ...bytes, IAC, SE]);

/**
 * Asks for START_TLS (option 46, draft-altman-telnet-starttls), and where that is not known for SSL by the option of
 * authentication. All else that a server wants to agree on is declined, once each.
 */
export function createTelnetNegotiation(): Negotiation {
  const declined = new Set<number>();
  let isAuthenticating = false;
  return { opening: option(WILL, START_TLS), next };

  function next(heard: Buffer): Step {
    const token = readToken(heard);
    if (token === null) return MORE;
    if (token === "broken") return { kind: "other", heard };
    const { used, verb, code, content } = token;
    if (verb === SB) return takeSuboption(used, code, content);
    if (code === START_TLS && verb === DO) return { kind: "go", used, say: suboption(START_TLS, FOLLOWS) };
    if (code === START_TLS && verb === DONT) return authenticate(used);
    if (code === AUTHENTICATION && verb === DO) return authenticate(used);
    if (code === AUTHENTICATION && verb === DONT) return { kind: "not-offered", said: "" };
    if (verb === DO || verb === WILL) return { kind: "go", used, ...decline(verb, code) };
    return { kind: "go", used };
  }

  /** Offered once: the server says what kinds it takes. */
  function authenticate(used: number): Step {
    if (isAuthenticating) return { kind: "go", used };
    isAuthenticating = true;
    return { kind: "go", used, say: option(WILL, AUTHENTICATION) };
  }

  function takeSuboption(used: number, code: number, content: Buffer): Step {
    if (code === START_TLS && content[0] === FOLLOWS) return { kind: "ready", used };
    if (code !== AUTHENTICATION) return { kind: "go", used };
    const [command, kind, way = 0, result] = content;
    if (command === SEND) {
      const modifiers = findModifiers(content.subarray(1), SSL);
      if (modifiers === null) return { kind: "not-offered", said: "" };
      return { kind: "go", used, say: suboption(AUTHENTICATION, IS, SSL, modifiers, START) };
    }
    if (command !== REPLY || kind !== SSL) return { kind: "go", used };
    return result === ACCEPT
      ? { kind: "ready", used }
      : { kind: "refused", said: `reply ${result} of way ${way}` };
  }

  function decline(verb: number, code: number): { say?: Uint8Array } {
    const key = verb * 256 + code;
    if (declined.has(key)) return {};
    declined.add(key);
    return { say: option(verb === DO ? WONT : DONT, code) };
  }
}

/** Pairs of a kind and its modifiers. */
function findModifiers(pairs: Buffer, kind: number): number | null {
  for (let at = 0; at + 1 < pairs.length; at += 2) if (pairs[at] === kind) return pairs[at + 1] ?? null;
  return null;
}

type Token = { used: number; verb: number; code: number; content: Buffer };

const NO_CONTENT = Buffer.alloc(0);

/** What other protocols greet with. */
const GREETINGS = /^(SSH-|HTTP\/|220[ -]|\+OK|\* OK|RFB )/;

/**
 * The next command, or a run of text, which is told by a verb and a code of 0 and means nothing here. Null while it is
 * not whole. A suboption ends at IAC SE; IAC IAC in it is one byte, which no suboption of interest has.
 */
function readToken(heard: Buffer): Token | null | "broken" {
  if (heard[0] !== IAC) {
    if (isTls(heard) || GREETINGS.test(heard.subarray(0, 8).toString("latin1"))) return "broken";
    const end = heard.indexOf(IAC);
    return { used: end === -1 ? heard.length : end, verb: 0, code: 0, content: NO_CONTENT };
  }
  const [, verb, code] = heard;
  if (verb === undefined) return null;
  if (verb < WILL && verb !== SB) return { used: 2, verb: 0, code: 0, content: NO_CONTENT };
  if (verb === IAC) return { used: 2, verb: 0, code: 0, content: NO_CONTENT };
  if (code === undefined) return null;
  if (verb !== SB) return { used: 3, verb, code, content: NO_CONTENT };
  const end = heard.indexOf(Buffer.from([IAC, SE]), 3);
  return end === -1 ? null : { used: end + 2, verb, code, content: heard.subarray(3, end) };
}
