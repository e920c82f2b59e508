/** The figures of a benchmark: ours, a peer's that was measured in the same run, and what was aimed at. */
import { say } from "./measure.mjs";

/**
 * @typedef {object} Figure
 * @property {string} what is measured, and in what
 * @property {string} peer
 * @property {number} ours
 * @property {number} theirs in the same unit
 * @property {string} unit
 * @property {number} [most] that ours may be, as a share of theirs
 * @property {number} [mostItself] that ours may be, whatever theirs is
 */

/** @typedef {{ what: string, peer: string, missing: string }} Missing why there is no figure */

/**
 * Hands figures to the run of all benchmarks, or prints them when this one was started alone.
 *
 * @param {(Figure | Missing)[]} figures
 */
export function report(...figures) {
  if (process.send) process.send(figures);
  else sayTable(figures);
}

/** @param {(Figure | Missing)[]} figures */
export function sayTable(figures) {
  const rows = [HEAD, ...figures.map(sayFigure)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  const isNumber = (column) => column === 1 || column === 3 || column === 4 || column === 5;
  for (const row of rows) {
    const cells = row.map((cell, column) =>
      isNumber(column) ? cell.padStart(widths[column]) : cell.padEnd(widths[column]),
    );
    say(cells.join("  ").trimEnd());
  }
}

const HEAD = ["what", "ours", "peer", "peer's", "ratio", "target", ""];

/** @param {Figure | Missing} figure */
function sayFigure(figure) {
  const { what, peer } = figure;
  if ("missing" in figure) return [what, "-", peer, "-", "-", "-", `not measured: ${figure.missing}`];
  const { ours, theirs, unit, most, mostItself } = figure;
  const ratio = ours / theirs;
  const isMet = (most === undefined || ratio <= most) && (mostItself === undefined || ours <= mostItself);
  const hasTarget = most !== undefined || mostItself !== undefined;
  const target = mostItself !== undefined ? `${mostItself} ${unit}` : hasTarget ? sayRatio(most) : "-";
  const verdict = !hasTarget ? "" : isMet ? "met" : "missed";
  return [what, formatAmount(ours, unit), peer, formatAmount(theirs, unit), sayRatio(ratio), target, verdict];
}

const formatAmount = (amount, unit) =>
  `${amount.toLocaleString("en", { maximumSignificantDigits: amount < 1_000 ? 3 : 4 })} ${unit}`;

/** What is far below the peer is said as a part of it. */
const sayRatio = (ratio) =>
  ratio < 0.2 ? `1/${(1 / ratio).toFixed(1).replace(/\.0$/, "")}` : ratio.toFixed(2);
