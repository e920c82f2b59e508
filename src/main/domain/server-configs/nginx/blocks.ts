import type { Place } from "#domain/server-configs/configuration.ts";
import { type Draft, folderOf, joinPath } from "#domain/server-configs/draft.ts";
import { readStatements } from "./statements.ts";

/** A block of nginx.conf with what concerns TLS: settings and blocks in their order, includes put in their place. */
export type Block = {
  /** "main" for the whole. */
  name: string;
  /** The words behind its name. */
  values: string[];
  at: Place;
  settings: Setting[];
  blocks: Block[];
  /** Whether a file that is included here was not read: any setting may stand in it. */
  hasGap: boolean;
};

export type Setting = { name: string; values: string[]; at: Place };

const DEEPEST_INCLUDE = 32;
const DEEPEST_BLOCK = 100;

/** Blocks that serve names; what stands in others (location, if, upstream) is taken as settings around them. */
const TLS: Grammar = {
  kept: new Set(["http", "stream", "mail", "server"]),
  settings:
    /^(?:listen|server_name|protocol|starttls|ssl|(?:proxy_|grpc_|uwsgi_)?ssl_[a-z_]+|ssl_certificate_by_lua(?:_block|_file)?)$/,
};

/** What is read: blocks and settings by their names. */
export type Grammar = { kept: ReadonlySet<string>; settings: RegExp };

export function readBlocks(draft: Draft, grammar: Grammar = TLS): Block {
  const { root } = draft.source;
  const main: Block = {
    name: "main",
    values: [],
    at: { file: root, line: 1 },
    settings: [],
    blocks: [],
    hasGap: false,
  };
  readInto(main, { draft, grammar, folder: folderOf(root), depth: 0 }, root, null);
  return main;
}

type Way = { draft: Draft; grammar: Grammar; folder: string; depth: number };

function readInto(outer: Block, way: Way, file: string, by: Place | null): void {
  const text = way.draft.open(file, by);
  if (text === null) outer.hasGap = true;
  // Blocks that are passed over stand as the block around them.
  const open: Block[] = [outer];
  for (const { words, line, end } of readStatements(text ?? "")) {
    const [name = "", ...values] = words;
    const block = open.at(-1) ?? outer;
    const at = { file, line };
    if (end === "{") {
      if (open.length > DEEPEST_BLOCK) {
        way.draft.wonder("blocks stand in each other more than 100 deep", at);
        return;
      }
      open.push(way.grammar.kept.has(name) ? openBlock(block, words, at) : block);
    } else if (end === "}") {
      if (open.length > 1) open.pop();
    } else if (name === "include") {
      for (const pattern of values) include(block, way, pattern, at);
    } else if (way.grammar.settings.test(name)) {
      block.settings.push({ name, values, at });
    }
  }
}

function openBlock(outer: Block, [name = "", ...values]: readonly string[], at: Place): Block {
  const block: Block = { name, values, at, settings: [], blocks: [], hasGap: false };
  outer.blocks.push(block);
  return block;
}

/** A relative path counts from the folder of nginx.conf, in whatever file it stands. */
function include(block: Block, way: Way, pattern: string, at: Place): void {
  const { draft, folder, depth } = way;
  const before = draft.configuration.unknown.length;
  if (depth >= DEEPEST_INCLUDE) draft.wonder("files include each other too deep", at);
  else {
    for (const file of draft.expand(joinPath(folder, pattern), at))
      readInto(block, { ...way, depth: depth + 1 }, file, at);
  }
  if (draft.configuration.unknown.length > before) block.hasGap = true;
}
