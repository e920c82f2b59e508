import type { Hop } from "#domain/ssh-config/ssh-config.ts";
import type { Identities, Identity } from "#net/ssh/identities.ts";

type Gathered = Pick<Identities, "identities" | "keyOfFile" | "heldByAgent"> & {
  /** The files that the user named for this scan. */
  named: readonly string[];
  /** The files that ssh looks for when it is told of none. */
  usual: readonly string[];
};

/**
 * What to offer one machine, in this order: the files that the user named, those that ssh_config names for it, the
 * agent's keys, and the usual files where ssh_config names none. With IdentitiesOnly the agent has no say of its
 * own: it only signs for files that are named.
 */
export function chooseIdentities(
  { identityFiles, identitiesOnly }: Pick<Hop, "identityFiles" | "identitiesOnly">,
  { identities, keyOfFile, heldByAgent, named, usual }: Gathered,
): Identity[] {
  const fromFiles = (paths: readonly string[]) =>
    paths.flatMap((path) => identities.find(({ fingerprint }) => fingerprint === keyOfFile.get(path)) ?? []);
  const fromAgent = identitiesOnly
    ? []
    : identities.filter(({ fingerprint }) => heldByAgent.has(fingerprint));
  return [
    ...new Set([
      ...fromFiles(named),
      ...fromFiles(identityFiles ?? []),
      ...fromAgent,
      ...fromFiles(identityFiles === null ? usual : []),
    ]),
  ];
}
