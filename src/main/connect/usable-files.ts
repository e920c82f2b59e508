import { gatherIdentities } from "#net/ssh/identities.ts";

/**
 * Of these key files the ones that log in without anybody being asked: by themselves, by the agent, or by OpenSSH's client.
 * Null: files were named, and none of them does; whoever logs in without them is somebody else.
 */
export async function listUsable(
  identityFiles: readonly string[],
  { home, agentSocket }: { home: string; agentSocket: string | null },
): Promise<string[] | null> {
  const { unusable } = await gatherIdentities({ identityFiles, home, agentSocket });
  const usable = identityFiles.filter(
    (path) => !unusable.some(({ source, forClient }) => source === path && !forClient),
  );
  return usable.length === 0 && identityFiles.length > 0 ? null : usable;
}
