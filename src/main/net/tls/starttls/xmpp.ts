import { MORE, type Negotiation, type Step } from "./dialogue.ts";

/** What a server says before TLS is looked through anew as it grows, so it may not grow much. */
const MOST_TEXT = 16 * 1024;

const START_TLS = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

/** RFC 6120 section 5.4, for clients and for other servers; `name` is the domain that is asked for. */
export function createXmppNegotiation(name: string, role: "client" | "server"): Negotiation {
  let isAsked = false;
  const opening = Buffer.from(
    `<?xml version='1.0'?><stream:stream xmlns='jabber:${role}' xmlns:stream='http://etherx.jabber.org/streams' to='${toXmlText(name)}' version='1.0'>`,
  );
  return { opening, next };

  function next(heard: Buffer): Step {
    if (heard.length > MOST_TEXT) return { kind: "flooded", what: `more than ${MOST_TEXT / 1024} KiB` };
    // One character a byte, so that places in the text are places in the bytes.
    const text = heard.toString("latin1");
    if (!/^\s*(<|$)/.test(text) || /^\s*<(!|html)/i.test(text)) return { kind: "other", heard };
    const error = readError(text);
    if (error !== null) return { kind: kindOf(error), said: error };
    return isAsked ? readAnswer(text) : readFeatures(text);
  }

  function kindOf(error: string): "refused" | "not-offered" | "turned-away" {
    if (isAsked) return "refused";
    // So says Prosody, which offers nothing at all where neither TLS nor a login without it may be had.
    return /stream features/i.test(error) ? "not-offered" : "turned-away";
  }

  function readFeatures(text: string): Step {
    const features = findElement(text, "features");
    if (!features) return MORE;
    if (!features.content.includes("urn:ietf:params:xml:ns:xmpp-tls"))
      return { kind: "not-offered", said: "" };
    isAsked = true;
    return { kind: "go", used: features.end, say: Buffer.from(START_TLS) };
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
