import { type HeldKey, readHeldKey } from "#domain/inspect/held-keys.ts";
import type { readKeyFolder } from "#net/local/read-key-folder.ts";
import type { listAgentKeys } from "#net/ssh/agent.ts";
import type { Workstation } from "#shared/model/workstation.ts";

type Deps = {
  workstation: Workstation;
  readKeyFolder: typeof readKeyFolder;
  listAgentKeys: typeof listAgentKeys;
};

/** What was found, and which places were looked at: of the others nothing follows. */
export type HeldKeys = { keys: HeldKey[]; wasFolderRead: boolean; wasAgentReached: boolean };

/** The private keys that this computer holds: the files of ~/.ssh and what the agent lists. Public halves only. */
export function createHeldKeys({ workstation, readKeyFolder, listAgentKeys }: Deps): () => Promise<HeldKeys> {
  return async () => {
    const files = await readKeyFolder(workstation.home);
    const agent = await listAgentKeys(workstation.agentSocket);
    return {
      keys: [
        ...(files ?? []).flatMap(({ path, bytes, beside }) => readHeldKey(path, bytes, beside) ?? []),
        ...agent.keys.map(
          ({ keyType, fingerprint }): HeldKey => ({
            place: "agent",
            kind: "agent",
            keyType,
            fingerprint,
            isEncrypted: null,
            isProven: true,
          }),
        ),
      ],
      wasFolderRead: files !== null,
      wasAgentReached: agent.isReachable,
    };
  };
}
