import type { ServedVerification } from "#shared/model/pair.ts";
import { isAddress } from "#shared/model/target.ts";

/**
 * Whom a hello names. A proof of a name without addresses is one of an older program, which named it wherever no other name
 * was set: by that it saw what was there before.
 */
export const helloName = ({
  address,
  addresses,
  serverName,
}: Pick<ServedVerification, "address" | "addresses" | "serverName">): string | null =>
  serverName ?? (addresses === undefined && !isAddress(address) ? address : null);
