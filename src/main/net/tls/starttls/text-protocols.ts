import { MORE, type Negotiation, NOTHING, type Step } from "./negotiation.ts";

/** A command, and how its answer is read, line by line; lines are without their ends. */
type Exchange = {
  /** Empty if the server speaks first. */
  command: string;
  /** How the answer's first line begins, for answers whose later lines may be anything. */
  begins?: RegExp;
  /** A line somewhere in the answer that shows that the server offers TLS. */
  offer?: RegExp;
  /** The last line of the answer, by its meaning. Any other line is of another protocol. */
  good: RegExp;
  notOffered?: RegExp;
  refused?: RegExp;
  turnedAway?: RegExp;
  /** A line that others follow; tested last. */
  more: RegExp;
};

const MOST_LINE = 1_024;
const MOST_LINES = 100;

/** Runs the exchanges in their order; after the last the server expects a hello. */
export function createLineNegotiation(exchanges: readonly [Exchange, ...Exchange[]]): Negotiation {
  let exchange = exchanges[0];
  let at = 0;
  let lines = 0;
  let isFirst = true;
  let isOffered = false;

  return { opening: commandOf(exchanges[0]), next };

  function next(received: Buffer): Step {
    const end = received.indexOf(LINE_FEED);
    const line = end === -1 ? received : received.subarray(0, end + 1);
    if (hasControls(line)) return { kind: "other", received };
    if (line.length > MOST_LINE) return { kind: "flooded", what: `a line of more than ${MOST_LINE} bytes` };
    if (end === -1) return MORE;
    if (++lines > MOST_LINES) return { kind: "flooded", what: `more than ${MOST_LINES} lines` };
    return takeLine(line.toString("latin1").replace(/\r?\n$/, ""), line);
  }

  function takeLine(said: string, line: Buffer): Step {
    const begins = isFirst ? exchange.begins : undefined;
    isFirst = false;
    isOffered ||= exchange.offer?.test(said) ?? false;
    if (exchange.turnedAway?.test(said)) return { kind: "turned-away", said };
    if (exchange.notOffered?.test(said)) return { kind: "not-offered", said };
    if (exchange.refused?.test(said)) return { kind: "refused", said };
    if (begins && !begins.test(said)) return { kind: "other", received: line };
    if (exchange.good.test(said)) return goOn(line.length);
    return exchange.more.test(said) ? { kind: "go", used: line.length } : { kind: "other", received: line };
  }

  function goOn(used: number): Step {
    if (exchange.offer && !isOffered) return { kind: "not-offered", said: "" };
    const following = exchanges[++at];
    if (!following) return { kind: "ready", used };
    exchange = following;
    isFirst = true;
    isOffered = false;
    return { kind: "go", used, send: commandOf(exchange) };
  }
}

const LINE_FEED = 0x0a;

const commandOf = ({ command }: Exchange): Uint8Array =>
  command === "" ? NOTHING : Buffer.from(`${command}\r\n`);

/** Text holds no control characters but tabs, line ends and escapes that colour a banner. */
const hasControls = (line: Buffer): boolean =>
  line.some((byte) => byte < 0x09 || (byte > 0x0d && byte < 0x1b));

/** The name that we give where a client must give one; `.invalid` belongs to nobody (RFC 2606 section 2). */
const OURSELVES = "latchkey.invalid";

/** Matches no line: the answer has one line only. */
const ONE_LINE = /^(?!)/;

const CODE_GOES_ON = /^\d{3}-/;

/** SMTP: RFC 3207. LMTP differs by its greeting (RFC 2033 section 4.1). */
const mail = (hello: string): [Exchange, ...Exchange[]] => [
  { command: "", more: CODE_GOES_ON, good: /^220( |$)/, turnedAway: /^[45]\d\d( |$)/ },
  {
    command: `${hello} ${OURSELVES}`,
    more: CODE_GOES_ON,
    offer: /^250[- ]STARTTLS\s*$/i,
    good: /^250( |$)/,
    notOffered: /^5\d\d( |$)/,
    turnedAway: /^4\d\d( |$)/,
  },
  { command: "STARTTLS", more: CODE_GOES_ON, good: /^220( |$)/, refused: /^[45]\d\d( |$)/ },
];

/** RFC 9051 sections 6.1.1 and 6.2.1. After PREAUTH (logged in at once), STARTTLS is not allowed. */
const imap: [Exchange, ...Exchange[]] = [
  { command: "", more: /^\* NO /i, good: /^\* OK\b/i, turnedAway: /^\* BYE\b/i, refused: /^\* PREAUTH\b/i },
  {
    command: "a1 CAPABILITY",
    offer: /^\* CAPABILITY( .*)? STARTTLS( |$)/i,
    turnedAway: /^\* BYE\b/i,
    good: /^a1 OK\b/i,
    notOffered: /^a1 (NO|BAD)\b/i,
    more: /^\* /,
  },
  {
    command: "a2 STARTTLS",
    turnedAway: /^\* BYE\b/i,
    good: /^a2 OK\b/i,
    refused: /^a2 (NO|BAD)\b/i,
    more: /^\* /,
  },
];

/** RFC 2595 section 4, RFC 2449 section 5. */
const pop3: [Exchange, ...Exchange[]] = [
  { command: "", more: ONE_LINE, good: /^\+OK\b/, turnedAway: /^-ERR\b/ },
  {
    command: "CAPA",
    begins: /^\+OK\b/,
    more: /^/,
    offer: /^STLS\s*$/i,
    good: /^\.$/,
    notOffered: /^-ERR\b/,
  },
  { command: "STLS", more: ONE_LINE, good: /^\+OK\b/, refused: /^-ERR\b/ },
];

/** RFC 4217 section 4; answers of many lines as in RFC 959 section 4.2. */
const ftp: [Exchange, ...Exchange[]] = [
  {
    command: "",
    begins: /^\d{3}[ -]|^220$/,
    more: /^120 |^\d{3}-|^(?!\d{3} )/,
    good: /^220( |$)/,
    turnedAway: /^[45]\d\d( |$)/,
  },
  {
    command: "AUTH TLS",
    begins: /^\d{3}([ -]|$)/,
    more: /^\d{3}-|^(?!\d{3} )/,
    good: /^234( |$)/,
    notOffered: /^50[024]( |$)/,
    refused: /^[45]\d\d( |$)/,
  },
];

/** RFC 4642 section 2.2; the list of capabilities as in RFC 3977 section 5.2. */
const nntp: [Exchange, ...Exchange[]] = [
  { command: "", more: ONE_LINE, good: /^20[01]( |$)/, turnedAway: /^[45]\d\d( |$)/ },
  {
    command: "CAPABILITIES",
    begins: /^101( |$)/,
    more: /^/,
    offer: /^STARTTLS\s*$/i,
    good: /^\.$/,
    notOffered: /^[45]\d\d( |$)/,
  },
  { command: "STARTTLS", more: ONE_LINE, good: /^382( |$)/, refused: /^[45]\d\d( |$)/ },
];

/** RFC 5804 sections 1.7 and 2.2: the server lists its capabilities before it is asked. */
const sieve: [Exchange, ...Exchange[]] = [
  {
    command: "",
    begins: /^("|OK\b)/i,
    more: /^/,
    offer: /^"STARTTLS"\s*$/i,
    good: /^OK\b/i,
    turnedAway: /^(NO|BYE)\b/i,
  },
  { command: "STARTTLS", more: ONE_LINE, good: /^OK\b/i, refused: /^(NO|BYE)\b/i },
];

/**
 * IRCv3's tls extension: numerics 670 and 691; 421: the server does not know it; 451: it wants a name first. Many do
 * not answer unknown commands, so the capabilities are requested first: a list without tls is an answer, too.
 */
const irc: [Exchange, ...Exchange[]] = [
  {
    command: "CAP LS\r\nSTARTTLS",
    good: /^:\S+ 670 /,
    refused: /^:\S+ 691 /,
    notOffered: /^:\S+ (421 \S+ STARTTLS |451 \S+ STARTTLS |CAP \S+ LS :(?!(.* )?tls( |$)))/i,
    turnedAway: /^ERROR\b/i,
    more: /^(:\S+ )?(NOTICE|PING|CAP|421|451|0\d\d)\b/i,
  },
];

/** The protocols that are read line by line. */
export const LINE_PROTOCOLS = {
  smtp: mail("EHLO"),
  lmtp: mail("LHLO"),
  imap,
  pop3,
  ftp,
  nntp,
  sieve,
  irc,
};

/** The text of a server before TLS is parsed again as it grows, so that it may not grow much. */
const MOST_TEXT = 16 * 1024;

const START_TLS = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

/** RFC 6120 section 5.4, for clients and for servers; `name` is the requested domain. */
export function createXmppNegotiation(name: string, role: "client" | "server"): Negotiation {
  let isRequested = false;
  const opening = Buffer.from(
    `<?xml version='1.0'?><stream:stream xmlns='jabber:${role}' xmlns:stream='http://etherx.jabber.org/streams' to='${toXmlText(name)}' version='1.0'>`,
  );
  return { opening, next };

  function next(received: Buffer): Step {
    if (received.length > MOST_TEXT) return { kind: "flooded", what: `more than ${MOST_TEXT / 1024} KiB` };
    // One character a byte, so that an index of the text is an index of the bytes.
    const text = received.toString("latin1");
    if (!/^\s*(<|$)/.test(text) || /^\s*<(!|html)/i.test(text)) return { kind: "other", received };
    const error = readError(text);
    if (error !== null) return { kind: kindOf(error), said: error };
    return isRequested ? readAnswer(text) : readFeatures(text);
  }

  function kindOf(error: string): "refused" | "not-offered" | "turned-away" {
    if (isRequested) return "refused";
    // Prosody's error if it offers neither TLS nor a login without it.
    return /stream features/i.test(error) ? "not-offered" : "turned-away";
  }

  function readFeatures(text: string): Step {
    const features = findElement(text, "features");
    if (!features) return MORE;
    if (!features.content.includes("urn:ietf:params:xml:ns:xmpp-tls"))
      return { kind: "not-offered", said: "" };
    isRequested = true;
    return { kind: "go", used: features.end, send: Buffer.from(START_TLS) };
  }
}

function readAnswer(text: string): Step {
  const proceed = findElement(text, "proceed");
  if (proceed) return { kind: "ready", used: proceed.end };
  return findElement(text, "failure") ? { kind: "refused", said: "failure" } : MORE;
}

/** The condition and the text of a stream error (RFC 6120 section 4.9); null where there is none. */
function readError(text: string): string | null {
  const error = findElement(text, "error");
  if (!error) return null;
  const condition = /<([a-z-]{1,40})[\s/>]/.exec(error.content)?.[1] ?? "an error";
  const words = findElement(error.content, "text")?.content ?? "";
  return words === "" ? condition : `${condition}: ${words}`;
}

/** The first element of that name, whatever its prefix, and where it ends; null while it is not whole. */
function findElement(text: string, name: string): { content: string; end: number } | null {
  const at = text.search(new RegExp(`<([A-Za-z0-9._-]{1,32}:)?${name}[\\s/>]`));
  const opened = at === -1 ? -1 : text.indexOf(">", at);
  if (opened === -1) return null;
  if (text[opened - 1] === "/") return { content: "", end: opened + 1 };
  const rest = text.slice(opened + 1);
  const closing = new RegExp(`</([A-Za-z0-9._-]{1,32}:)?${name}\\s{0,8}>`).exec(rest);
  if (!closing) return null;
  const content = rest.slice(0, closing.index);
  return { content, end: opened + 1 + closing.index + closing[0].length };
}

const ENTITIES: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  "'": "&apos;",
  '"': "&quot;",
};

const toXmlText = (text: string): string =>
  text.replace(/[&<>'"]/g, (character) => ENTITIES[character] ?? "");
