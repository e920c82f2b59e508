import { Refusal } from "#shared/model/refusal.ts";
import { MOST_TARGETS, type Target } from "#shared/model/target.ts";
import { type Entry, readEntry } from "./read-entry.ts";

/**
 * Targets as people write them.
 *
 *   web01.corp              SSH on 22 and TLS on 443
 *   root@web01  web01:22    SSH
 *   web01:8443              TLS, as is any port but 22
 *   10.0.0.5:443/shop.corp  TLS there, asking for that server name
 *   [2001:db8::1]:22        an IPv6 address with a port; without one it needs no brackets
 *   10.0.0.0/24             a network: without its first and last address, unless it is a /31 or /32
 *   2001:db8::/120          an IPv6 network: every address
 *   10.0.0.1-40             10.0.0.1-10.0.1.20  2001:db8::1-2001:db8::40
 *   web[01-20].corp         db[1,3,7-9]  rack[a-c]-[1-4]
 *   https://web01:8443/...  the endpoint of a page; ssh://web01:2222 and tls://web01:22 where the port says otherwise
 *
 * Each may have `user@` and `:port`. Between them stand spaces, commas or lines; `#` begins a comment.
 * Names are lower-cased, for they have no case; addresses are written their shortest way.
 */
export function parseTargets(text: string, only: Only): Target[] {
  const entries = readEntries(text);
  const count = entries.reduce(
    (sum, entry) => sum + entry.hosts.count * BigInt(kindsOf(entry, only).length),
    0n,
  );
  if (count > MOST_TARGETS) throw new Refusal("too-many", sayTooMany(count));

  const targets = new Map<string, Target>();
  for (const entry of entries) {
    for (const host of entry.hosts.list()) {
      for (const kind of kindsOf(entry, only)) {
        const target = makeTarget(kind, host, entry);
        const identity = JSON.stringify(target);
        if (!targets.has(identity)) targets.set(identity, target);
      }
    }
  }
  return [...targets.values()];
}

type Only = Target["kind"] | null;

/** The entries of a text; one that is written twice counts once. */
function readEntries(text: string): Entry[] {
  const entries = new Map<string, Entry>();
  const lines = text.split(/\r\n?|\n/);
  for (const [index, line] of lines.entries()) {
    for (const word of splitLine(line)) {
      if (entries.has(word)) continue;
      try {
        entries.set(word, readEntry(word));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        const place = lines.length > 1 ? ` on line ${index + 1}` : "";
        throw new Refusal("invalid-input", `${quote(word)}${place} ${error.message}`);
      }
    }
  }
  return [...entries.values()];
}

/** A comma inside brackets belongs to the entry. */
const splitLine = (line: string): string[] =>
  line.replace(/#.*/, "").match(/(?:\[[^\]\s]*\]|[^\s,])+/g) ?? [];

const quote = (word: string): string => `"${word.length > 80 ? `${word.slice(0, 80)}…` : word}"`;

function kindsOf({ kind }: Entry, only: Only): readonly Target["kind"][] {
  if (only) return [only];
  return kind ? [kind] : ["ssh", "tls"];
}

/** What the other kind has no use for is left out: a list of logins can be scanned for TLS. */
function makeTarget(kind: Target["kind"], host: string, { port, user, serverName }: Entry): Target {
  return kind === "ssh"
    ? { kind, host, port: port ?? 22, user }
    : { kind, host, port: port ?? 443, serverName };
}

const sayTooMany = (count: bigint): string =>
  `this means ${count.toLocaleString("en")} targets, and at most ${MOST_TARGETS.toLocaleString("en")} can be taken at once; take a smaller range, or only SSH or only TLS`;
