import { SAMPLE_KEYS } from "#domain/ssh/testdata/sample-keys.ts";

/** Numbers that look random and are the same each time. */
export type Dice = (below: number) => number;

export function createDice(seed: number): Dice {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/**
 * A line as Latin-1. `renewed`: the same with `NEW_KEY` in place of the old key; null if the line is not for the old
 * key.
 */
export type MadeLine = { text: string; renewed: string | null; end: string };

export const OLD_KEY = SAMPLE_KEYS.ed25519;
export const OLD_FINGERPRINT = "SHA256:2FJVgrpc45gVRz6hx6JZOic6Y53kpjd4siNcZvKZFxE";
export const NEW_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIN1YdxBpNlzxDqfJyw/QKow1F+wvG9hXGoqiysfJOn5Y";
/** The comment that a line without one gets. */
export const COMMENT = "latchkey:2026-11-26";

const OPTIONS = [
  "",
  'command="/usr/bin/backup \\"a b\\"" ',
  'no-pty,from="10.0.0.0/8,*.example"\t',
  "restrict,pty  ",
  'PERMITOPEN="db:5432",no-X11-forwarding ',
  'environment="A=\xfc {new key} \\x41" ',
  `command="${"x".repeat(9_000)}" `,
  'expiry-time="20300101Z", ',
] as const;
const INDENTS = ["", "", "", " ", "\t "] as const;
const COMMENTS = [
  " ann@laptop",
  "",
  "  ",
  "\t# not a comment",
  " m\xc3\xbcller \xff\xfe",
  ` ${OLD_KEY}`,
  " {new key}",
] as const;
const OTHERS = [
  "",
  "# a comment",
  `# ${OLD_KEY} out of use`,
  `no-such-option ${OLD_KEY} ann`,
  `command="never closed ${OLD_KEY}`,
  `\xef\xbb\xbf${OLD_KEY} behind a mark`,
  OLD_KEY.slice(0, -3),
  `${SAMPLE_KEYS.rsa} bob@{new key}`,
  `from="10.0.0.1" ${SAMPLE_KEYS.ecdsa}`,
  `cert-authority ${SAMPLE_KEYS.rsa1024} ca \\x0a`,
  SAMPLE_KEYS.certificate,
  "\xff\xfe\x00\x01",
  "ssh-ed25519",
  " \t",
  "---- BEGIN SSH2 PUBLIC KEY ----",
] as const;

/**
 * A file of up to a dozen lines: keys with options and without, comments, unreadable lines, any end of line or none.
 */
export function makeLines(dice: Dice): MadeLine[] {
  const pick = <T>(from: readonly T[]): T => from[dice(from.length)] as T;
  const usual = dice(4) === 0 ? "\r\n" : "\n";
  const lines = Array.from({ length: dice(13) }, (): MadeLine => {
    const end = dice(12) === 0 ? pick(["\n", "\r\n"]) : usual;
    if (dice(3) > 0) return { text: pick(OTHERS), renewed: null, end };
    const before = `${pick(INDENTS)}${dice(400) === 0 ? OPTIONS[6] : pick([...OPTIONS.slice(0, 6), OPTIONS[7]])}`;
    const comment = pick(COMMENTS);
    const after = comment.trim() === "" ? ` ${COMMENT}` : comment;
    return { text: `${before}${OLD_KEY}${comment}`, renewed: `${before}${NEW_KEY}${after}`, end };
  });
  const last = lines.at(-1);
  if (last && last.text !== "" && dice(4) === 0) last.end = "";
  return lines;
}

export const toBytes = (latin1: string): Uint8Array => new Uint8Array(Buffer.from(latin1, "latin1"));
