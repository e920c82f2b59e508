import { Fragment } from "react";
import classes from "./hex-dump.module.css";

/** The bytes in one row, and the most rows that are shown: more of a value helps nobody. */
const ROW_BYTES = 8;
const MOST_ROWS = 128;

type Props = {
  label: string;
  bytes: Uint8Array;
  /** The offset of the first byte. */
  start: number;
  /** So many bytes at the beginning are highlighted. */
  headBytes: number;
};

/** Bytes as hex and as text, a row of eight after another. */
export function HexDump({ label, bytes, start, headBytes }: Props) {
  const rows = Math.min(MOST_ROWS, Math.ceil(bytes.length / ROW_BYTES));
  const left = bytes.length - rows * ROW_BYTES;
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={classes.dump} aria-label={label} tabIndex={0}>
        <pre>
          {Array.from({ length: rows }, (_, row) => {
            const at = row * ROW_BYTES;
            const head = Math.min(Math.max(headBytes - at, 0), ROW_BYTES);
            const part = bytes.subarray(at, at + ROW_BYTES);
            return (
              <Fragment key={at}>
                <span className={classes.offset}>{String(start + at).padStart(6)}</span>
                {"  "}
                <b className={classes.head}>{formatHex(part.subarray(0, head))}</b>
                {head > 0 && head < part.length && " "}
                {formatHex(part.subarray(head)).padEnd(padOf(head, part.length))}
                {"  "}
                <span className={classes.text}>{formatText(part)}</span>
                {"\n"}
              </Fragment>
            );
          })}
        </pre>
      </section>
      {left > 0 && <p className={classes.left}>{left.toLocaleString("en")} more bytes are not shown.</p>}
    </>
  );
}

/** Pads a short row, so that its text stands below that of the others. */
const padOf = (head: number, length: number): number => {
  const used = head === 0 ? 0 : head * 3 - (head < length ? 0 : 1);
  return ROW_BYTES * 3 - 1 - used;
};

const formatHex = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");

/** Printable ASCII only: anything else could move what is beside it. */
const formatText = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : "·")).join("");
