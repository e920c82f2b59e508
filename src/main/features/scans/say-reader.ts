import type { Collection } from "#domain/collection/collection.ts";

/** As whom a host was read: `root`, `root by sudo`, or the name of the account. */
export const sayReader = ({ uid, user, how }: Collection["readAs"]): string => {
  if (how === "sudo") return "root by sudo";
  return uid === 0 ? "root" : user;
};
