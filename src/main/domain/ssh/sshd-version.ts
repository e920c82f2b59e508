import type { HostFacts } from "#domain/collection/collection.ts";

/** Major * 100 + minor of OpenSSH (10.0 is 1000); null when it was not told. */
export function versionOf({ sshdVersion }: Pick<HostFacts, "sshdVersion">): number | null {
  const parts = /OpenSSH_(?:for_Windows_)?(\d{1,3})\.(\d{1,2})/.exec(sshdVersion ?? "");
  return parts ? Number(parts[1]) * 100 + Number(parts[2]) : null;
}
