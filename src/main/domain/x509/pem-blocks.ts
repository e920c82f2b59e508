/** What stands between a BEGIN and an END line; `line` is that of BEGIN, from 1. */
export type PemBlock = {
  label: string;
  line: number;
  lines: string[];
  /** Why it is no whole block; null when it is. */
  problem: string | null;
};

const BEGIN = /^-----BEGIN ([^\r\n]{0,100}?)-----\s*$/;
const END = /^-----END ([^\r\n]{0,100}?)-----\s*$/;

/** The mark that editors of Windows put before UTF-8, as Latin-1 and as text: OpenSSL passes over it. */
const BYTE_ORDER_MARK = /^(?:\u00ef\u00bb\u00bf|\ufeff)/;

/** The blocks of a text in their order, whatever stands between them. */
export function findPemBlocks(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  let open: PemBlock | null = null;
  for (const [index, line] of text.replace(BYTE_ORDER_MARK, "").split("\n").entries()) {
    const isRule = line.startsWith("-----");
    const begun = isRule ? BEGIN.exec(line)?.[1] : undefined;
    const ended = isRule ? END.exec(line)?.[1] : undefined;
    if (begun !== undefined) {
      open = { label: begun, line: index + 1, lines: [], problem: "has no end" };
      blocks.push(open);
    } else if (open && ended !== undefined) {
      open.problem = ended === open.label ? null : `ends as another thing (${ended})`;
      open = null;
    } else open?.lines.push(line);
  }
  return blocks;
}

/** The bytes of a block; null where it is not base64. Header lines are no base64. */
export function decodePem(lines: readonly string[]): Buffer | null {
  const base64 = lines.join("").replace(/\s+/g, "");
  if (base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) return null;
  return Buffer.from(base64, "base64");
}
