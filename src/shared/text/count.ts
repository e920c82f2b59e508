/** A number of things: "1 certificate", "12,000 certificates". `many` is for words that do not take an s. */
export const sayCount = (count: number, one: string, many = `${one}s`): string =>
  `${sayNumber(count)} ${count === 1 ? one : many}`;

export const sayNumber = (count: number): string => count.toLocaleString("en");
