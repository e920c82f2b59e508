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
  /** Makes targets of this kind alone, whatever the port is. */
  only: Target["kind"] | null;
  /** The protocol before TLS where the text names none: then a bare name is an endpoint alone. Null: by the port. */
  protocol: Protocol | null;
  /** The SNI names for endpoints without one in the text, each as its own target; empty: their own name. */
  serverNames: readonly string[];
  sshConfig: SshConfig;
  /** Skip unreadable words and return them; otherwise refuse the first. */
  skipBroken: boolean;
};

type Parsed = {
  targets: Target[];
  broken: BrokenEntry[];
  /** How many names are for SSH alone because of a pattern of ssh_config, and would otherwise be for TLS, too. */
  sshAlone: number;
};

/**
 * Targets as people write them.
 *
 *   web01.corp              SSH on 22 and TLS on 443
 *   root@web01  web01:22    SSH
 *   web01:8443              TLS, as is any port but 22
 *   mail:25                 TLS after STARTTLS, by what the port says: SMTP here
 *   smtp://mail:2525        the same where the port does not say it; tls://mail:25 is TLS from the start
 *   10.0.0.5:443/shop.corp  TLS there with that server name (SNI); with + between several, each of them
 *   [2001:db8::1]:22        an IPv6 address with a port; without one it needs no brackets
 *   10.0.0.0/24             a network: without its first and last address, unless it is a /31 or /32
 *   2001:db8::/120          an IPv6 network: every address
 *   10.0.0.1-40             10.0.0.1-10.0.1.20  2001:db8::1-2001:db8::40
 *   web[01-20].corp         db[1,3,7-9]  rack[a-c]-[1-4]
 *   https://web01:8443/...  the endpoint of a page; ssh://web01:2222 and tls://web01:22 where the port says otherwise
 *
 * Each may have `user@` and `:port`. Spaces, commas or line ends separate them; `#` begins a comment.
 * Names become lower case; addresses get their shortest form. A host for which ssh_config sets another address or a
 * route is for SSH alone: its name means nothing to other programs.
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

/** A limit for memory: a text with more unreadable words is no list of targets. */
const MOST_BROKEN = 10_000;

/** The entries of a text, each once. */
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

/** A comma inside brackets is part of the entry. */
const splitLine = (line: string): string[] =>
  line.replace(/#.*/, "").match(/(?:\[[^\]\s]*\]|[^\s,])+/g) ?? [];

const cut = (word: string): string => (word.length > 80 ? `${word.slice(0, 80)}…` : word);

/** The hosts of a range are counted before they are listed, and none of them counts as an alias of ssh_config. */
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

/** Drops what one kind does not use: a list of logins can be scanned for TLS. */
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

/** Hosts in a file of this computer, all of them for SSH alone. */
type Named = { targets: SshTarget[]; broken: BrokenEntry[] };

/** Every host that ssh_config names without a pattern. `where`: the location in errors for impossible host names. */
export function namedInSshConfig({ names, portOf }: SshConfig, where: string): Named {
  return collect(names, (host) => ({
    host,
    port: portOf(host, null) ?? 22,
    where,
    text: `Host ${host}`,
  }));
}

/**
 * Every name in known_hosts that is not hashed. An address that is only listed beside a name is left out: ssh wrote
 * both for one host, which would be probed twice. `hashed` and `besides`: how many are left out for each reason.
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

/** A name with the lines that have a key of it; lines that revoke a key or name an authority do not count. */
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
