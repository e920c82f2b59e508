import type { Reach } from "#domain/collection/collection.ts";
import { splitKeyword, splitWords } from "#domain/ssh/config-line.ts";
import { readPublicKeyLine } from "#domain/ssh/key-blob.ts";
import { spend } from "#domain/work-budget.ts";
import type { Outbound } from "#shared/model/host-reach.ts";

/** Of one host. */
const MOST = 5_000;

/** The hosts that the accounts of a host know: from their known_hosts and their ssh_config, each once a file. */
export function findOutbound(files: Reach["outbound"]): Outbound[] {
  const found = new Map<string, Outbound>();
  for (const { kind, path, account, bytes } of files) {
    spend(Math.ceil(bytes.length / 16));
    const text = Buffer.from(bytes).toString("utf8");
    const entries = kind === "known-hosts" ? readKnown(text) : readConfig(text);
    for (const entry of entries) {
      spend();
      const outbound = { account, path, ...entry };
      if (found.size < MOST) found.set(keyOf(outbound), outbound);
    }
  }
  return [...found.values()];
}

const keyOf = ({ path, name, port, fingerprint, user }: Outbound): string =>
  JSON.stringify([path, name, port, fingerprint, user]);

type Entry = Omit<Outbound, "account" | "path">;

/** Keys that are revoked, authorities and names with a wildcard tell of no host that somebody has been to. */
function readKnown(text: string): Entry[] {
  return text.split("\n").flatMap((line): Entry[] => {
    const [, names = "", rest = ""] = /^[ \t]*([^ \t#@]\S*)[ \t]+(\S+[ \t]+\S+.*)$/.exec(line) ?? [];
    const key = rest === "" ? null : readPublicKeyLine(rest)?.key;
    if (!key) return [];
    const { fingerprint } = key;
    const shared = { source: "known_hosts", fingerprint, user: null, identities: [] } as const;
    if (names.startsWith("|")) return [{ ...shared, name: names, port: 22, isHashed: true, identities: [] }];
    return names
      .split(",")
      .filter((name) => name !== "" && !/[*?!]/.test(name))
      .map((name) => ({ ...shared, ...splitPort(name), isHashed: false, identities: [] }));
  });
}

function splitPort(name: string): { name: string; port: number } {
  const [, host = name, port = "22"] = /^\[(.+)\]:(\d{1,5})$/.exec(name) ?? [];
  return { name: host, port: Number(port) };
}

type Block = {
  names: string[];
  hostName: string | null;
  port: number;
  user: string | null;
  identities: string[];
};

/** Blocks of `Host` that name a host in full. What stands under Match, or before any of them, names none. */
function readConfig(text: string): Entry[] {
  const blocks: Block[] = [];
  let block: Block | null = null;
  for (const line of text.split("\n")) {
    const split = splitKeyword(line);
    if (!split) continue;
    const { words } = splitWords(split.rest);
    const [word = ""] = words;
    if (split.keyword === "host") {
      block = {
        names: words.filter((name) => !/[*?!]/.test(name)),
        hostName: null,
        port: 22,
        user: null,
        identities: [],
      };
      blocks.push(block);
    } else if (split.keyword === "match") block = null;
    else if (block) set(block, split.keyword, word);
  }
  return blocks.flatMap(({ names, hostName, port, user, identities }) =>
    names.map((name) => ({
      source: "ssh_config" as const,
      name: hostName?.replaceAll("%h", name) ?? name,
      port,
      isHashed: false,
      fingerprint: null,
      user,
      identities,
    })),
  );
}

function set(block: Block, keyword: string, word: string): void {
  if (keyword === "hostname") block.hostName ??= word;
  else if (keyword === "user") block.user ??= word;
  else if (keyword === "port" && /^\d{1,5}$/.test(word)) block.port = Number(word);
  else if (keyword === "identityfile" && block.identities.length < 20) block.identities.push(word);
}
