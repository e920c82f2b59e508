import type { DaemonFacts, FileFacts } from "#domain/rotation/plan/plan-facts.ts";
import { lookAtDaemon } from "#net/ssh/hand/daemon.ts";
import type { Hand } from "#net/ssh/hand/hand.ts";
import { lookAtFile } from "#net/ssh/hand/look.ts";
import { HandLost, toStand } from "./look-at-place.ts";

/** What a rotation of the host key is made of; null where it cannot be read. */
export async function gatherDaemon(hand: Hand): Promise<DaemonFacts | null> {
  const seen = await lookAtDaemon(hand);
  if (seen.kind === "lost") throw new HandLost(seen.message);
  if (seen.kind === "unread") return null;
  const { configs, hostKeys, problem, taken, canReload } = seen.daemon;
  const files: FileFacts[] = [];
  for (const path of configs) {
    const look = await lookAtFile(hand, path);
    if (look.kind === "lost") throw new HandLost(look.message);
    const realPath = look.file.state === "absent" ? null : look.file.real;
    files.push({ path, otherPaths: [], accounts: ["root"], realPath, stand: toStand(look.file) });
  }
  return { files, problem, hostKeys, taken, canReload };
}
