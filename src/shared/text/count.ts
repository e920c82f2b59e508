import type { Total } from "../model/total.ts";

/** A number of things: "1 certificate", "12,000 certificates". `many` is for words that do not take an s. */
export const formatCount = (count: number, one: string, many = `${one}s`): string =>
  `${formatNumber(count)} ${count === 1 ? one : many}`;

export const formatNumber = (count: number): string => count.toLocaleString("en");

/** A number of things that may not be known: "1 certificate", "more than 10,000 certificates". */
export const formatTotal = (total: Total, one: string, many = `${one}s`): string =>
  typeof total === "number"
    ? formatCount(total, one, many)
    : `more than ${formatCount(total.moreThan, one, many)}`;

export const formatAmount = (total: Total): string =>
  typeof total === "number" ? formatNumber(total) : `more than ${formatNumber(total.moreThan)}`;

/** Where there is room for a number only: "10,000+". */
export const markAmount = (total: Total): string =>
  typeof total === "number" ? formatNumber(total) : `${formatNumber(total.moreThan)}+`;
