import type {
  ConfigurationFiles,
  Deployment,
  Location,
  Named,
} from "#domain/server-configs/configuration.ts";
import { type Draft, joinPath } from "#domain/server-configs/draft.ts";
import { readLogicalLines } from "./parameters.ts";

/** A name that is asked for, or `.name` for all below it, and the files of its keys and certificates; `unsure`: as of a binding. */
export type SniEntry = { name: string; deployments: Deployment[]; unsure: string | null; at: Location };

const DIRECTIVE = "tls_server_sni_maps";

/** Tables that are made of a text of the same name, or are that text. */
const TEXTS = new Set(["hash", "btree", "cdb", "lmdb", "dbm", "sdbm", "texthash"]);

/** What stands for a line that the collector left out. */
const LEFT_OUT = "?";

/** The maps of one value of tls_server_sni_maps. What is no text, or was not read, may have names of its own. */
export function readSniMaps(draft: Draft, value: string, at: Location | null): SniEntry[] {
  return splitMaps(value).flatMap((map) => {
    const [, type = "", rest = ""] = /^([a-z]+):(.*)$/s.exec(map) ?? [];
    if (TEXTS.has(type)) {
      // All but texthash hold what was in the files when the table was made.
      const copiedBy = type === "texthash" ? null : `postmap -F ${type}:${joinPath("/", rest)}`;
      return readText(draft, { path: joinPath("/", rest), copiedBy }, at);
    }
    const inline = type === "inline" ? /^\{(.*)\}$/s.exec(rest)?.[1] : undefined;
    if (inline !== undefined && at) return readInline(draft, inline, at);
    return giveUp(draft, `which names have certificates of their own by ${DIRECTIVE} = ${map}`, at);
  });
}

function giveUp(draft: Draft, what: string, at: Location | null): [] {
  draft.warn(what, at);
  draft.markIncomplete(`${DIRECTIVE} may choose another certificate, and is not followed`, true);
  return [];
}

/** By blanks and commas, but for those within braces. */
const splitMaps = (value: string): string[] => value.match(/(?:[^\s,{}]|\{(?:[^{}]|\{[^{}]*\})*\})+/g) ?? [];

type Table = { path: string; copiedBy: string | null };

function readText(draft: Draft, { path, copiedBy }: Table, by: Location | null): SniEntry[] {
  const text = draft.open(path, by);
  if (text === null) return giveUp(draft, `which names ${path} has`, by);
  return [...readLogicalLines(text)].flatMap(({ text: whole, line }) => {
    const at = { file: path, line };
    const [name = "", ...files] = whole.split(/[\s,]+/).filter((word) => word !== "");
    if (name === LEFT_OUT || files.includes(LEFT_OUT)) return giveUp(draft, "what this line says", at);
    return toEntry(draft, { name, files, copiedBy, at });
  });
}

/** `{ name = /file, /file }` each, or `name=/file`. */
function readInline(draft: Draft, text: string, at: Location): SniEntry[] {
  const entries = text.match(/\{[^{}]*\}|[^\s,{}]+=[^\s,{}]+/g) ?? [];
  return entries.flatMap((entry) => {
    const [, name = "", files = ""] = /^\{?\s*([^\s=]+)\s*=\s*([^{}]*)/.exec(entry) ?? [];
    return toEntry(draft, {
      name,
      files: files.split(/[\s,]+/).filter((file) => file !== ""),
      copiedBy: null,
      at,
    });
  });
}

type Written = { name: string; files: readonly string[]; copiedBy: string | null; at: Location };

function toEntry(draft: Draft, { name, files, copiedBy, at }: Written): SniEntry[] {
  if (name === "" || files.length === 0 || !files.every((file) => file.startsWith("/")))
    return giveUp(draft, `which files ${name || "this line"} has`, at);
  const named = files.map((path): Named => ({ path: joinPath("/", path), directive: DIRECTIVE, at }));
  const { deployments, unsure } = deploymentsOfChainFiles(named, draft.source.pemOrders);
  const copied = deployments.map(
    (deployment): Deployment => ({ ...deployment, ...(copiedBy !== null && { copiedBy }) }),
  );
  // What was copied before the files became so is served still.
  return [{ name: name.toLowerCase(), deployments: copied, unsure: copiedBy === null ? unsure : null, at }];
}

type Chain = { deployments: Deployment[]; unsure: string | null };

/** A private key or a certificate, and the file that it stands in. */
type Block = { letter: string; file: Named };

/**
 * What Postfix makes of its chain files, which it reads as one text: each private key and, straight behind it, its certificate; more
 * certificates are its chain. Where that does not fit it uses none of them. Where it is not known what stands in a file each one is
 * taken for a pair by itself.
 */
export function deploymentsOfChainFiles(
  files: readonly Named[],
  orders: ConfigurationFiles["pemOrders"] = new Map(),
): Chain {
  const own = files.flatMap((file) => (orders.get(file.path) === "k" ? [] : [toDeployment(file, file)]));
  const known = files.flatMap((file) => {
    const order = orders.get(file.path);
    return order === undefined ? [] : [{ order, file }];
  });
  const blocks = known.flatMap(({ order, file }) =>
    [...order].filter((letter) => letter === "k" || letter === "c").map((letter) => ({ letter, file })),
  );
  if (known.length < files.length || blocks.length === 0) return { deployments: own, unsure: null };
  const wrong = findError(blocks);
  return wrong ? refuse(files, orders, wrong) : matchBlocks(blocks);
}

type Flawed = { path: string; problem: NonNullable<Deployment["problem"]> };

function findError(blocks: readonly Block[]): Flawed | null {
  const [first] = blocks;
  if (first?.letter === "c") return { path: first.file.path, problem: "key-not-first" };
  const alone = blocks.find(({ letter }, at) => letter === "k" && blocks[at + 1]?.letter !== "c");
  return alone ? { path: alone.file.path, problem: "key-alone" } : null;
}

const SENTENCES = {
  "key-not-first": (path: string) => `${path} does not begin with its private key`,
  "key-alone": (path: string) => `a private key in ${path} has no certificate behind it`,
};

/** A file with nothing but a key is told of only where it is at fault. */
function refuse(
  files: readonly Named[],
  orders: ReadonlyMap<string, string>,
  { path, problem }: Flawed,
): Chain {
  const deployments = files
    .filter((file) => file.path === path || orders.get(file.path) !== "k")
    .map((file) => ({ ...toDeployment(file, file), ...(file.path === path && { problem }) }));
  return {
    deployments,
    unsure: `Postfix speaks no TLS with these files: ${SENTENCES[problem](path)}`,
  };
}

function matchBlocks(blocks: readonly Block[]): Chain {
  const deployments: Deployment[] = [];
  const begun = new Set<string>();
  let several: string | null = null;
  for (const [at, { letter, file }] of blocks.entries()) {
    if (letter === "c") begun.add(file.path);
    const next = blocks[at + 1];
    if (letter !== "k" || !next) continue;
    // Of a file only the first certificate is known.
    if (begun.has(next.file.path)) several = next.file.path;
    else deployments.push(toDeployment(next.file, file));
  }
  const unsure =
    several && `${several} holds several keys with their certificates, of which only the first is read here`;
  return { deployments, unsure };
}

const toDeployment = (certificate: Named, key: Named): Deployment => ({ certificate, key: { ...key } });
