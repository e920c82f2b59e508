import type { Protocol } from "#shared/model/starttls.ts";
import type { KeyFamily, MadeCertificate } from "./certificates.ts";
import type { Chance } from "./chance.ts";

/** What a generator may use. The addresses and ports are nobody else's while the server runs. */
export type Site = {
  /** Of the server alone: absolute, and there. */
  folder: string;
  own: string;
  other: string;
  /** Free at every address. */
  ports: readonly [number, number];
  chance: Chance;
  /** Makes a certificate; its path in `folder` without the ending. */
  certify(names: readonly string[], family: KeyFamily, commonName?: string): Promise<MadeCertificate>;
  /** Puts certificate and key into another file of the folder as well; gives its whole path. */
  copy(certificate: MadeCertificate, path: string): Promise<string>;
  /** A folder that outlives this configuration: what all of one server have in common. */
  kept: string;
};

/** Where connections are made to. */
export type Door = { host: string; port: number; protocol: Protocol };

/** How a server that runs takes up its files anew, and what tells that it has: processes that there were and are no more, or its own words. */
export type Reload =
  | { signal: NodeJS.Signals; ends: RegExp }
  | { signal: NodeJS.Signals; says: string }
  | { command: readonly [string, ...string[]] };

/** One random configuration of a server. */
export type Generated = {
  server: "nginx" | "apache" | "haproxy" | "postfix" | "dovecot" | "slapd" | "postgresql" | "mysql";
  /** By their paths in the folder; the server begins to read the first. */
  files: { [path: string]: string };
  command: readonly [string, ...string[]];
  /** Where it begins instead. */
  root?: string;
  /** Folders elsewhere whose own `.conf` files are of the configuration. */
  alsoRead?: readonly string[];
  /** Whole paths of what tells that it runs, and would keep it from beginning anew after it was killed. */
  marks?: readonly string[];
  /** Open at `own` once the server has started; `readyFile`: a path in the folder that is there then, too. */
  port: number;
  readyFile?: string;
  /** Not there where it has no way to take up files but to begin anew. */
  reload?: Reload;
  doors: readonly Door[];
  /** Each name that the configuration or a certificate of it has, patterns as a name that fits them. */
  names: readonly string[];
};

const DOMAINS = ["example", "test"];
const LABELS = ["a", "b", "c"];

/** Names that stand above and below each other, so that patterns for some fit others. */
export const UNIVERSE: readonly string[] = DOMAINS.flatMap((domain) => [
  domain,
  ...LABELS.flatMap((label) => [`${label}.${domain}`, `www.${label}.${domain}`, `x.www.${label}.${domain}`]),
]);

/** Ten that are not among these. */
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

/** The texts of all files, for whoever has to see why. */
export const formatGenerated = ({ files }: Generated): string =>
  Object.entries(files)
    .map(([path, text]) => `==> ${path}\n${text}`)
    .join("\n");
