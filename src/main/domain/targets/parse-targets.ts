import { NO_SSH_CONFIG, type SshConfig } from "#domain/ssh-config/ssh-config.ts";
import type { BrokenEntry } from "#shared/contract/targets.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { type Protocol, protocolOfPort, usualPort } from "#shared/model/starttls.ts";
import { MOST_TARGETS, type Target } from "#shared/model/target.ts";
import { type Entry, readEntry } from "./read-entry.ts";

type Wish = {
  /** Overrides what the port says. */
  only: Target["kind"] | null;
  /** What is spoken before TLS where the text does not say: a bare name is then an endpoint alone. Null: what the port says. */
  protocol: Protocol | null;
  /** What endpoints that name no server are asked for, each of these by itself; empty: their own name. */
  serverNames: readonly string[];
  sshConfig: SshConfig;
  /** Go on without words that cannot be read, and hand them back; otherwise the first is refused. */
  skipBroken: boolean;
};

type Parsed = {
  targets: Target[];
  broken: BrokenEntry[];
  /** Names that would stand for TLS too, were it not for a pattern of ssh_config. */
  sshAlone: number;
};

/**
 * Targets as people write them.
 *
 *   web01.corp              SSH on 22 and TLS on 443
 *   root@web01  web01:22    SSH
 *   web01:8443              TLS, as is any port but 22
 *   mail:25                 TLS after STARTTLS, by what the port says: SMTP here
 *   smtp://mail:2525        the same where the port does not say it; tls://mail:25 is greeted at once
 *   10.0.0.5:443/shop.corp  TLS there, asking for that server name; with + between several, for each of them
 *   [2001:db8::1]:22        an IPv6 address with a port; without one it needs no brackets
 *   10.0.0.0/24             a network: without its first and last address, unless it is a /31 or /32
 *   2001:db8::/120          an IPv6 network: every address
 *   10.0.0.1-40             10.0.0.1-10.0.1.20  2001:db8::1-2001:db8::40
 *   web[01-20].corp         db[1,3,7-9]  rack[a-c]-[1-4]
 *   https://web01:8443/...  the endpoint of a page; ssh://web01:2222 and tls://web01:22 where the port says otherwise
 *
 * Each may have `user@` and `:port`. Between them stand spaces, commas or lines; `#` begins a comment.
 * Names are lower-cased, for they have no case; addresses are written their shortest way. A host that ssh_config gives
 * another address or a way there is SSH alone: its name means nothing to anybody else.
 */
export function parseTargets(text: string, wish: Wish): Parsed {
  const { entries, broken } = readEntries(text, wish);
  refuseTooMany(entries.reduce((sum, entry) => sum + countOf(entry, wish), 0n));

  const targets = new Map<string, Target>();
  const sshAlone = new Set<string>();
  for (const entry of entries) {
    for (const host of entry.hosts.list()) {
      if (isSshAlone(entry, host, wish) && !wish.sshConfig.isNamed(host)) sshAlone.add(host);
      for (const target of makeTargets(entry, host, wish)) {
        const identity = JSON.stringify(target);
        if (!targets.has(identity)) targets.set(identity, target);
      }
    }
  }
  return { targets: [...targets.values()], broken, sshAlone: sshAlone.size };
}

export function refuseTooMany(count: bigint): void {
  if (count > MOST_TARGETS) throw new Refusal("too-many", formatTooMany(count));
}

/** What is broken throughout is no list of targets, and not worth its memory. */
const MOST_BROKEN = 10_000;

/** The entries of a text; one that is written twice counts once. */
function readEntries(text: string, { sshConfig, skipBroken }: Wish) {
  const entries = new Map<string, Entry>();
  const broken = new Map<string, BrokenEntry>();
  const lines = text.split(/\r\n?|\n/);
  for (const [index, line] of lines.entries()) {
    for (const word of splitLine(line)) {
      if (entries.has(word) || broken.has(word)) continue;
      try {
        entries.set(word, readEntry(word, sshConfig.isNamed));
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        const entry = { where: `line ${index + 1}`, text: cut(word), why: error.message };
        if (!skipBroken) throw new Refusal("invalid-input", formatBroken(entry, lines.length > 1));
        broken.set(word, entry);
        if (broken.size > MOST_BROKEN) throw new Refusal("too-many", TOO_BROKEN);
      }
    }
  }
  const [first] = broken.values();
  if (entries.size === 0 && first) throw new Refusal("invalid-input", formatBroken(first, lines.length > 1));
  return { entries: [...entries.values()], broken: [...broken.values()] };
}

const formatBroken = ({ where, text, why }: BrokenEntry, hasLines: boolean): string =>
  `"${text}"${hasLines ? ` on ${where}` : ""} ${why}`;

/** A comma inside brackets belongs to the entry. */
const splitLine = (line: string): string[] =>
  line.replace(/#.*/, "").match(/(?:\[[^\]\s]*\]|[^\s,])+/g) ?? [];

const cut = (word: string): string => (word.length > 80 ? `${word.slice(0, 80)}…` : word);

/** Of a range, whose hosts are not made before they are counted, none is taken for an alias. */
function countOf(entry: Entry, wish: Wish): bigint {
  const { count, list } = entry.hosts;
  const [host] = count === 1n ? list() : [];
  const kinds =
    host !== undefined
      ? kindsOf(entry, host, wish)
      : kindsOf(entry, "", { ...wish, sshConfig: NO_SSH_CONFIG });
  const names = BigInt(namesOf(entry, wish).length);
  return count * kinds.reduce((sum, kind) => sum + (kind === "tls" ? names : 1n), 0n);
}

function kindsOf(
  { kind }: Entry,
  host: string,
  { only, protocol, sshConfig }: Wish,
): readonly Target["kind"][] {
  if (only) return [only];
  if (kind) return [kind];
  if (protocol) return ["tls"];
  return sshConfig.isAlias(host) ? ["ssh"] : ["ssh", "tls"];
}

const isSshAlone = (entry: Entry, host: string, wish: Wish): boolean =>
  wish.only === null && wish.protocol === null && entry.kind === null && wish.sshConfig.isAlias(host);

function namesOf({ serverNames }: Entry, wish: Wish): readonly (string | null)[] {
  if (serverNames.length > 0) return serverNames;
  return wish.serverNames.length > 0 ? wish.serverNames : [null];
}

/** What the other kind has no use for is left out: a list of logins can be scanned for TLS. */
function makeTargets(entry: Entry, host: string, wish: Wish): Target[] {
  const { user } = entry;
  const wanted = entry.protocol ?? wish.protocol;
  const port = entry.port ?? entry.usualPort ?? usualPort(wanted ?? "tls");
  const protocol = wanted ?? protocolOfPort(port);
  return kindsOf(entry, host, wish).flatMap((kind): Target[] =>
    kind === "ssh"
      ? [{ kind, host, port: entry.port ?? wish.sshConfig.portOf(host, user) ?? 22, user }]
      : namesOf(entry, wish).map((serverName) => ({ kind, host, port, serverName, protocol })),
  );
}

const TOO_BROKEN = "more than 10,000 words cannot be read as targets; is this a list of them?";

const formatTooMany = (count: bigint): string =>
  `this means ${count.toLocaleString("en")} targets, and at most ${MOST_TARGETS.toLocaleString("en")} can be taken at once; take a smaller range, or only SSH or only TLS`;
