import type {
  ConfigurationFiles,
  Deployment,
  Location,
  Named,
} from "#domain/server-configs/configuration.ts";
import { type Draft, joinPath } from "#domain/server-configs/draft.ts";
import { readLogicalLines } from "./parameters.ts";

/** An SNI name, or `.name` for all below it, with its deployments; `unsure`: as in TlsBinding. */
export type SniEntry = { name: string; deployments: Deployment[]; unsure: string | null; at: Location };

const DIRECTIVE = "tls_server_sni_maps";

/** Table types that postmap makes from a text file of the same name, or that are that text (texthash). */
const TEXTS = new Set(["hash", "btree", "cdb", "lmdb", "dbm", "sdbm", "texthash"]);

/** The mark for a line that the collector left out. */
const LEFT_OUT = "?";

/** The maps of one value of tls_server_sni_maps. A map that is no text, or was not read, may have further names. */
export function readSniMaps(draft: Draft, value: string, at: Location | null): SniEntry[] {
  return splitMaps(value).flatMap((map) => {
    const [, type = "", rest = ""] = /^([a-z]+):(.*)$/s.exec(map) ?? [];
    if (TEXTS.has(type)) {
      // All but texthash contain copies of the files from when the table was made.
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

/** Splits at blanks and commas outside of braces. */
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
  // Postfix still presents a copy from before the files were broken.
  return [{ name: name.toLowerCase(), deployments: copied, unsure: copiedBy === null ? unsure : null, at }];
}

type Chain = { deployments: Deployment[]; unsure: string | null };

/** A private key or a certificate, and its file. */
type Block = { letter: string; file: Named };

/**
 * The deployments of chain files, which Postfix reads as one text: each private key, directly followed by its
 * certificate; further certificates are its chain. In any other order, Postfix uses none of them. Where the content of
 * a file is not known, each file counts as a deployment by itself.
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

/** A file with nothing but a key is listed only where it has the error. */
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
    // We know only the first certificate of a file.
    if (begun.has(next.file.path)) several = next.file.path;
    else deployments.push(toDeployment(next.file, file));
  }
  const unsure =
    several && `${several} holds several keys with their certificates, of which only the first is read here`;
  return { deployments, unsure };
}

const toDeployment = (certificate: Named, key: Named): Deployment => ({ certificate, key: { ...key } });
