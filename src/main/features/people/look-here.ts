import { readHeldKey } from "#domain/inspect/inspect-bytes.ts";
import { readKeyFolder } from "#net/local/read-key-folder.ts";
import { lookAtThisComputer } from "#net/local/this-computer.ts";
import { readKeyFile } from "#net/ssh/identities.ts";
import type { Workstation } from "#shared/model/workstation.ts";
import type { HeldHere, HeldKey } from "#store/people/held-key-table.ts";

export type LookHere = {
  workstation: Workstation;
  look: typeof lookAtThisComputer;
  readKeyFile: typeof readKeyFile;
  readKeyFolder: typeof readKeyFolder;
};

/** Looks at the computer that this runs on. */
export const createLookHere = (workstation: Workstation): LookHere => ({
  workstation,
  look: lookAtThisComputer,
  readKeyFile,
  readKeyFolder,
});

/** Private keys of this computer that somebody has named, by their paths. */
export type NamedKeys = ReadonlyMap<string, string>;

/** What stands for a place in the agent: it has no path. */
const AGENT = "the agent";

/**
 * The private keys of this computer, by their public halves: the agent's, the files of ~/.ssh, and those that were named before
 * or are now. Of the kinds that were looked at, nothing more is held than was found.
 */
export async function listHeldKeys(
  known: readonly HeldKey[],
  named: NamedKeys,
  { workstation, look, readKeyFile, readKeyFolder }: LookHere,
): Promise<HeldHere> {
  const { agent, identityFiles } = await look(workstation);
  const usual = identityFiles.flatMap(({ path, fingerprint }) => toFile(path, fingerprint));
  const folder = ((await readKeyFolder(workstation.home)) ?? []).flatMap(({ path, bytes }) =>
    toFile(path, readHeldKey(path, bytes)),
  );
  const paths = known
    .filter(({ kind, place }) => kind === "file" && !named.has(place))
    .map(({ place }) => place);
  const before = await Promise.all(paths.map(async (path) => toFile(path, await readFingerprint(path))));
  const found = [
    ...agent.identities.map(({ fingerprint }) => ({ place: AGENT, fingerprint, kind: "agent" as const })),
    ...usual,
    ...folder,
    ...before.flat(),
    ...[...named].flatMap(([path, fingerprint]) => toFile(path, fingerprint)),
  ];
  const once = new Map(found.map((held) => [`${held.place}\n${held.fingerprint}`, held]));
  return { found: [...once.values()], lookedAt: agent.isReachable ? ["file", "agent"] : ["file"] };

  async function readFingerprint(path: string): Promise<string | null> {
    const file = await readKeyFile(path);
    return typeof file === "object" && "fingerprint" in file ? file.fingerprint : null;
  }
}

const toFile = (place: string, fingerprint: string | null): HeldKey[] =>
  fingerprint === null ? [] : [{ place, fingerprint, kind: "file" }];
