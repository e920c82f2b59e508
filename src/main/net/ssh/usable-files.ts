import { gatherIdentities } from "./identities.ts";

/** Of these key files the ones that log in without anybody being asked: by themselves, by the agent, or by OpenSSH's client. */
export async function listUsable(
  identityFiles: readonly string[],
  { home, agentSocket }: { home: string; agentSocket: string | null },
): Promise<string[]> {
  const { unusable } = await gatherIdentities({ identityFiles, home, agentSocket });
  return identityFiles.filter(
    (path) => !unusable.some(({ source, forClient }) => source === path && !forClient),
  );
}
