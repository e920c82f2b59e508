/** A number of things: "1 certificate", "12,000 certificates". `many` is for words that do not take an s. */
export const formatCount = (count: number, one: string, many = `${one}s`): string =>
  `${formatNumber(count)} ${count === 1 ? one : many}`;

export const formatNumber = (count: number): string => count.toLocaleString("en");
