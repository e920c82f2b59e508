import type { KnownHost, KnownHosts } from "#domain/ssh/known-hosts.ts";
import { isOneHost } from "#domain/ssh-config/hosts.ts";
import { NO_SSH_CONFIG, type SshConfig } from "#domain/ssh-config/ssh-config.ts";
import type { BrokenEntry } from "#shared/contract/scans.ts";
import {
  isAddress,
  MOST_TARGETS,
  type Protocol,
  protocolOfPort,
  type SshTarget,
  type Target,
  usualPort,
} from "#shared/model/hosts/target.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { type Entry, readEntry } from "./read-entry.ts";

type TargetOptions = {
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
export function parseTargets(text: string, options: TargetOptions): Parsed {
  const { entries, broken } = readEntries(text, options);
  refuseTooMany(entries.reduce((sum, entry) => sum + countOf(entry, options), 0n));

  const targets = new Map<string, Target>();
  const sshAlone = new Set<string>();
  for (const entry of entries) {
    for (const host of entry.hosts.list()) {
      if (isSshAlone(entry, host, options) && !options.sshConfig.isNamed(host)) sshAlone.add(host);
      for (const target of makeTargets(entry, host, options)) {
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
function readEntries(text: string, { sshConfig, skipBroken }: TargetOptions) {
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
function countOf(entry: Entry, options: TargetOptions): bigint {
  const { count, list } = entry.hosts;
  const [host] = count === 1n ? list() : [];
  const kinds =
    host !== undefined
      ? kindsOf(entry, host, options)
      : kindsOf(entry, "", { ...options, sshConfig: NO_SSH_CONFIG });
  const names = BigInt(namesOf(entry, options).length);
  return count * kinds.reduce((sum, kind) => sum + (kind === "tls" ? names : 1n), 0n);
}

function kindsOf(
  { kind }: Entry,
  host: string,
  { only, protocol, sshConfig }: TargetOptions,
): readonly Target["kind"][] {
  if (only) return [only];
  if (kind) return [kind];
  if (protocol) return ["tls"];
  return sshConfig.isAlias(host) ? ["ssh"] : ["ssh", "tls"];
}

const isSshAlone = (entry: Entry, host: string, options: TargetOptions): boolean =>
  options.only === null &&
  options.protocol === null &&
  entry.kind === null &&
  options.sshConfig.isAlias(host);

function namesOf({ serverNames }: Entry, options: TargetOptions): readonly (string | null)[] {
  if (serverNames.length > 0) return serverNames;
  return options.serverNames.length > 0 ? options.serverNames : [null];
}

/** What the other kind has no use for is left out: a list of logins can be scanned for TLS. */
function makeTargets(entry: Entry, host: string, options: TargetOptions): Target[] {
  const { user } = entry;
  const named = entry.protocol ?? options.protocol;
  const port = entry.port ?? entry.usualPort ?? usualPort(named ?? "tls");
  const protocol = named ?? protocolOfPort(port);
  return kindsOf(entry, host, options).flatMap((kind): Target[] =>
    kind === "ssh"
      ? [{ kind, host, port: entry.port ?? options.sshConfig.portOf(host, user) ?? 22, user }]
      : namesOf(entry, options).map((serverName) => ({ kind, host, port, serverName, protocol })),
  );
}

const TOO_BROKEN = "more than 10,000 words cannot be read as targets; is this a list of them?";

const formatTooMany = (count: bigint): string =>
  `this means ${count.toLocaleString("en")} targets, and at most ${MOST_TARGETS.toLocaleString("en")} can be taken at once; take a smaller range, or only SSH or only TLS`;

/** Hosts that a file of this workstation names, all of them for SSH alone. */
type Named = { targets: SshTarget[]; broken: BrokenEntry[] };

/** Every host that ssh_config names in full. `where`: as what its names are told that no host can have. */
export function namedInSshConfig({ names, portOf }: SshConfig, where: string): Named {
  return collect(names, (host) => ({
    host,
    port: portOf(host, null) ?? 22,
    where,
    text: `Host ${host}`,
  }));
}

/**
 * Every name in known_hosts that is not hashed. An address that only stands beside a name is left out: ssh wrote both
 * for one host, which would be visited twice. `hashed` and `besides`: how many are left out for either reason.
 */
export function namedInKnownHosts(files: readonly KnownHosts[]): Named & { hashed: number; besides: number } {
  const own = files.flatMap(({ names }) => Array.from(names, ([name, known]) => readKnownName(name, known)));
  const known = own.filter(({ lines }) => lines.length > 0);
  const linesOfNames = new Set(known.filter(({ host }) => !isAddress(host)).flatMap(({ lines }) => lines));
  const kept = known.filter(
    ({ host, lines }) => !isAddress(host) || lines.some((line) => !linesOfNames.has(line)),
  );
  const { targets, broken } = collect(kept, (target) => target);
  return {
    targets,
    broken: [...files.flatMap(listProblems), ...broken],
    hashed: files.reduce((sum, { hashed }) => sum + hashed, 0),
    besides: known.length - kept.length,
  };
}

/** A name with the lines that know a key of it; those that revoke one, or name an authority, are not of a host. */
function readKnownName(name: string, known: readonly KnownHost[]) {
  const [, host = name, port = "22"] = /^\[(.*)\]:(\d{1,5})$/.exec(name) ?? [];
  const lines = known.filter(({ marker }) => marker === "none").map(({ where }) => where);
  return { host, port: Number(port), where: lines[0] ?? "", text: name, lines };
}

const listProblems = ({ source, problems }: KnownHosts): BrokenEntry[] =>
  problems.map(({ line, why }) => ({ where: `${source} line ${line}`, text: "", why }));

type ListedTarget = { host: string; port: number; where: string; text: string };

function collect<Item>(items: Iterable<Item>, toTarget: (item: Item) => ListedTarget): Named {
  const named: Named = { targets: [], broken: [] };
  for (const item of items) {
    const { host, port, where, text } = toTarget(item);
    const why = whyNoHost(host, port);
    if (why !== null) named.broken.push({ where, text, why });
    else named.targets.push({ kind: "ssh", host, port, user: null });
  }
  return named;
}

function whyNoHost(host: string, port: number): string | null {
  if (port < 1 || port > 65_535) return "has no port from 1 to 65535";
  return isOneHost(host) ? null : "is not the name of a host";
}
