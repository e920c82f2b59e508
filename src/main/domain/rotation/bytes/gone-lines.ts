import { NEWLINE } from "./lines.ts";
import type { Edit } from "./edit.ts";

/** The whole lines that edits take away, each with its end. */
export const goneLines = (edits: readonly Edit[]): Uint8Array =>
  new Uint8Array(
    Buffer.concat(edits.flatMap(({ removed }) => (isOpen(removed) ? [removed, Uint8Array.of(NEWLINE)] : [removed]))),
  );

const isOpen = (bytes: Uint8Array): boolean => bytes.length > 0 && bytes.at(-1) !== NEWLINE;

