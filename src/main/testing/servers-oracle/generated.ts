import { rm, writeFile } from "node:fs/promises";
import type { Protocol } from "#shared/model/hosts/target.ts";
import type { CertificateMaker, KeyFamily, MadeCertificate } from "./certificates.ts";
import type { HostFiles } from "./host-files.ts";

/** What a generator may use. No other process uses the addresses and ports while the server runs. */
export type Site = {
  /** For this server alone: an absolute path of an existing folder. */
  folder: string;
  own: string;
  other: string;
  /** Free at every address. */
  ports: readonly [number, number];
  chance: Chance;
  /** Makes a certificate; returns its path in `folder` without the extension. */
  certify(names: readonly string[], family: KeyFamily, commonName?: string): Promise<MadeCertificate>;
  /** Writes certificate and key into another file of the folder as well; returns its full path. */
  copy(certificate: MadeCertificate, path: string): Promise<string>;
  /** A folder that outlives this configuration, for what all configurations of one server share. */
  kept: string;
};

/** Where connections are made to. */
export type Door = { host: string; port: number; protocol: Protocol };

/** How a running server reloads its files, and what shows that it has: processes that have ended, or its own words. */
export type Reload =
  | { signal: NodeJS.Signals; ends: RegExp }
  | { signal: NodeJS.Signals; says: string }
  | { command: readonly [string, ...string[]] };

/** One random configuration of a server. */
export type Generated = {
  server: "nginx" | "apache" | "haproxy" | "postfix" | "dovecot" | "slapd" | "postgresql" | "mysql";
  /** By their paths in the folder; the server begins with the first. */
  files: { [path: string]: string };
  command: readonly [string, ...string[]];
  /** The file that it begins with instead. */
  root?: string;
  /** Other folders whose own `.conf` files are part of the configuration. */
  alsoRead?: readonly string[];
  /** Full paths of files that mark it as running, and would keep it from starting again after it was killed. */
  marks?: readonly string[];
  /** Open at `own` once the server has started; `readyFile`: a path in the folder that exists then, too. */
  port: number;
  readyFile?: string;
  /** Missing if the only way to load files is a restart. */
  reload?: Reload;
  doors: readonly Door[];
  /** Each name of the configuration and of its certificates; for a pattern, a name that matches it. */
  names: readonly string[];
};

const DOMAINS = ["example", "test"];
const LABELS = ["a", "b", "c"];

/** Names above and below each other, so that patterns for some match others. */
export const UNIVERSE: readonly string[] = DOMAINS.flatMap((domain) => [
  domain,
  ...LABELS.flatMap((label) => [`${label}.${domain}`, `www.${label}.${domain}`, `x.www.${label}.${domain}`]),
]);

/** Ten names that are not among these. */
export function otherNames(chance: Chance, names: readonly string[]): string[] {
  const more = [
    "none.invalid",
    "xn--bcher-kva.example",
    "aa.example",
    "z.a.example",
    "a.example.test",
    "example.a",
  ];
  const left = [...UNIVERSE, ...more].filter((name) => !names.includes(name));
  return chance.shuffle(left).slice(0, 10);
}

export type Generator = (site: Site) => Promise<Generated>;

/** The texts of all files, to investigate a failure. */
export const formatGenerated = ({ files }: Generated): string =>
  Object.entries(files)
    .map(([path, text]) => `==> ${path}\n${text}`)
    .join("\n");

/** Choices that look random and are the same for the same seed. */
export type Chance = {
  below(limit: number): number;
  pick<T>(from: readonly T[]): T;
  /** Between `least` and `most` of them, in their order. */
  some<T>(from: readonly T[], least: number, most: number): T[];
  /** True in `percent` of a hundred cases. */
  happens(percent: number): boolean;
  shuffle<T>(things: readonly T[]): T[];
};

export function createChance(seed: number): Chance {
  let state = Math.imul(seed, 0x9e3779b1) >>> 0;
  const below = (limit: number): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
  const shuffle = <T>(things: readonly T[]): T[] => {
    const left = [...things];
    return things.map(() => left.splice(below(left.length), 1)[0] as T);
  };
  const some = <T>(from: readonly T[], least: number, most: number): T[] => {
    const count = Math.min(from.length, least + below(most - least + 1));
    const taken = new Set(shuffle(from.map((_, index) => index)).slice(0, count));
    return from.filter((_, index) => taken.has(index));
  };
  return { below, pick, some, happens: (percent) => below(100) < percent, shuffle };
}

/** What happens to a certificate's files while its server runs. */

type Change = { path: string; kind: "renewed" | "rolled back" | "for other names" };

/** Replaces a certificate by another one; returns which one, as a phrase. */
export async function changeCertificate(
  files: HostFiles,
  { path, kind }: Change,
  { chance, make }: { chance: Chance; make: CertificateMaker },
): Promise<string> {
  const held = files.held(path);
  if (!held) return `${path} held nothing`;
  const isOther = kind === "for other names";
  const isNew = kind === "renewed" || (isOther && chance.happens(50));
  const names = isOther ? chance.some(UNIVERSE, 1, 2) : held.names;
  const notBefore = isNew ? "260301000000Z" : "251101000000Z";
  const more = isOther ? { notBefore } : { notBefore, commonName: held.commonName };
  await files.replace(path, await make(`${path}.new`, names, held.family, more));
  return `${path} ${kind} (${notBefore})`;
}

/** `key`: the path of its key. */
type Loss = { path: string; key: string; loss: "destroyed" | "deleted" | "of another key" };

export async function loseCertificate(
  files: HostFiles,
  { path, key, loss }: Loss,
  make: CertificateMaker,
): Promise<void> {
  if (loss === "destroyed") return writeFile(path, "this is no certificate\n");
  if (loss === "deleted") return rm(path);
  const family = files.held(path)?.family ?? "RSA";
  await files.replaceKey(key, await make(`${path}.new`, ["other.key"], family, { isOfOtherKey: true }));
}
