import type { Hop } from "#domain/ssh-config/ssh-config.ts";
import { type Identities, keyFileOf } from "#net/ssh/identities.ts";

type Gathered = Identities & {
  /** The files that the user named for this scan. */
  named: readonly string[];
  /** The files that ssh looks for when it is told of none. */
  usual: readonly string[];
};

/**
 * What to offer one machine, in this order: the files that the user named, those that ssh_config names for it, the
 * agent's keys, and the usual files where ssh_config names none. With IdentitiesOnly the agent has no say of its
 * own: it only signs for files that are named. `unusable`: what of these cannot be used.
 */
export function chooseIdentities(
  { identityFiles, identitiesOnly }: Pick<Hop, "identityFiles" | "identitiesOnly">,
  { identities, unusable, keyOfFile, heldByAgent, named, usual }: Gathered,
): Pick<Identities, "identities" | "unusable"> {
  const ofAgent = identities.filter(({ fingerprint }) => !identitiesOnly && heldByAgent.has(fingerprint));
  const inFiles = (paths: readonly string[]) =>
    paths.flatMap((path) => identities.find(({ fingerprint }) => fingerprint === keyOfFile.get(path)) ?? []);
  const files = new Set([...named, ...(identityFiles ?? usual)]);
  return {
    identities: [
      ...new Set([
        ...inFiles(named),
        ...inFiles(identityFiles ?? []),
        ...ofAgent,
        ...inFiles(identityFiles === null ? usual : []),
      ]),
    ],
    unusable: unusable.filter(
      ({ source }) => files.has(keyFileOf(source)) || (!identitiesOnly && source.startsWith("agent: ")),
    ),
  };
}
