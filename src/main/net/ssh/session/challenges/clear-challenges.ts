import { exchange } from "#net/ssh/session/exchange.ts";
import type { Hand } from "#net/ssh/session/hand.ts";
import { formatWhy } from "./say-why.ts";

export type Cleared = { kind: "cleared" } | { kind: "left"; message: string };

/**
 * Takes away what was begun for a run on this host, whoever has ended it: files and the folders that were made for them,
 * and servers. `id`: of one challenge alone. Nothing to be taken away is no fault.
 */
export async function clearChallenges(
  hand: Hand,
  { token, id }: { token: string; id?: string },
): Promise<Cleared> {
  const listed = await exchange(hand, { verb: "challenge_list", words: [token] });
  if (listed.kind === "lost") return left(`the host was lost: ${listed.message}`);
  if (listed.status !== "ok") return left(formatWhy(listed, "what was begun for this run"));
  const messages: string[] = [];
  for (const [file = "", ...words] of listed.told.get("file") ?? [])
    if (id === undefined || id === file) messages.push(...(await dropFile(hand, { token, id: file }, words)));
  for (const [server = ""] of listed.told.get("server") ?? []) {
    if (id !== undefined && id !== server) continue;
    const stopped = await exchange(hand, { verb: "challenge_stop", words: [token, server] });
    if (stopped.kind === "lost") messages.push(`the host was lost: ${stopped.message}`);
    else if (stopped.status !== "ok") messages.push(formatWhy(stopped, "what was served for the challenge"));
  }
  const ended = await exchange(hand, { verb: "challenge_end", words: [token] });
  if (ended.kind === "lost") messages.push(`the host was lost: ${ended.message}`);
  return messages.length > 0 ? left(messages.join("; ")) : { kind: "cleared" };
}

const left = (message: string): Cleared => ({ kind: "left", message });

async function dropFile(
  hand: Hand,
  { token, id }: { token: string; id: string },
  [folder = "", name = "", hash = "", made = ""]: readonly string[],
): Promise<string[]> {
  const words = [folder, name, hash, made, token, id];
  const dropped = await exchange(hand, { verb: "challenge_drop", words });
  if (dropped.kind === "lost") return [`the host was lost: ${dropped.message}`];
  const file = `${folder}/${name}`;
  if (dropped.status !== "ok") return [formatWhy(dropped, file, file)];
  const forgotten = await exchange(hand, { verb: "challenge_forget", words: [token, id] });
  if (forgotten.kind === "lost") return [`the host was lost: ${forgotten.message}`];
  return forgotten.status === "ok" ? [] : [formatWhy(forgotten, "what was written down of the challenge")];
}
