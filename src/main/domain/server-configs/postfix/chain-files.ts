import type { ConfigurationFiles, Named, Pair } from "#domain/server-configs/configuration.ts";

type Chain = { pairs: Pair[]; unsure: string | null };

/** A private key or a certificate, and the file that it stands in. */
type Block = { letter: string; file: Named };

/**
 * What Postfix makes of its chain files, which it reads as one text: each private key and, straight behind it, its certificate; more
 * certificates are its chain. Where that does not fit it uses none of them. Where it is not known what stands in a file each one is
 * taken for a pair by itself.
 */
export function pairChainFiles(
  files: readonly Named[],
  orders: ConfigurationFiles["pemOrders"] = new Map(),
): Chain {
  const own = files.flatMap((file) => (orders.get(file.path) === "k" ? [] : [toPair(file, file)]));
  const known = files.flatMap((file) => {
    const order = orders.get(file.path);
    return order === undefined ? [] : [{ order, file }];
  });
  const blocks = known.flatMap(({ order, file }) =>
    [...order].filter((letter) => letter === "k" || letter === "c").map((letter) => ({ letter, file })),
  );
  if (known.length < files.length || blocks.length === 0) return { pairs: own, unsure: null };
  const wrong = findError(blocks);
  return wrong ? refuse(files, orders, wrong) : pairBlocks(blocks);
}

type Flawed = { path: string; flaw: NonNullable<Pair["flaw"]> };

function findError(blocks: readonly Block[]): Flawed | null {
  const [first] = blocks;
  if (first?.letter === "c") return { path: first.file.path, flaw: "key-not-first" };
  const alone = blocks.find(({ letter }, at) => letter === "k" && blocks[at + 1]?.letter !== "c");
  return alone ? { path: alone.file.path, flaw: "key-alone" } : null;
}

const SENTENCES = {
  "key-not-first": (path: string) => `${path} does not begin with its private key`,
  "key-alone": (path: string) => `a private key in ${path} has no certificate behind it`,
};

/** A file with nothing but a key is told of only where it is at fault. */
function refuse(files: readonly Named[], orders: ReadonlyMap<string, string>, { path, flaw }: Flawed): Chain {
  const pairs = files
    .filter((file) => file.path === path || orders.get(file.path) !== "k")
    .map((file) => ({ ...toPair(file, file), ...(file.path === path && { flaw }) }));
  return {
    pairs,
    unsure: `Postfix speaks no TLS with these files: ${SENTENCES[flaw](path)}`,
  };
}

function pairBlocks(blocks: readonly Block[]): Chain {
  const pairs: Pair[] = [];
  const begun = new Set<string>();
  let several: string | null = null;
  for (const [at, { letter, file }] of blocks.entries()) {
    if (letter === "c") begun.add(file.path);
    const next = blocks[at + 1];
    if (letter !== "k" || !next) continue;
    // Of a file only the first certificate is known.
    if (begun.has(next.file.path)) several = next.file.path;
    else pairs.push(toPair(next.file, file));
  }
  const unsure =
    several && `${several} holds several keys with their certificates, of which only the first is read here`;
  return { pairs, unsure };
}

const toPair = (certificate: Named, key: Named): Pair => ({ certificate, key: { ...key } });
