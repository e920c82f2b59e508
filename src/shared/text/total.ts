import type { Total } from "../model/total.ts";
import { sayCount, sayNumber } from "./count.ts";

/** A number of things that may not be known: "1 certificate", "more than 10,000 certificates". */
export const sayTotal = (total: Total, one: string, many = `${one}s`): string =>
  typeof total === "number" ? sayCount(total, one, many) : `more than ${sayCount(total.moreThan, one, many)}`;

export const sayAmount = (total: Total): string =>
  typeof total === "number" ? sayNumber(total) : `more than ${sayNumber(total.moreThan)}`;

/** Where there is room for a number only: "10,000+". */
export const markAmount = (total: Total): string =>
  typeof total === "number" ? sayNumber(total) : `${sayNumber(total.moreThan)}+`;
