/** What binds a grant to addresses, each as it is written there: `from="10.0.0.0/8"`, `AllowUsers ann@10.0.0.1 (...)`. */
export const formatBound = (onlyFrom: readonly string[]): string =>
  `bound to addresses: ${onlyFrom.join(", ")}`;
