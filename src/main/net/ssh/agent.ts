import { once } from "node:events";
import { connect } from "node:net";
import type { IdentityCallback, OpenSSHAgent, ParsedKey } from "ssh2";
import { viewKey } from "#codec/fingerprint.ts";
import { openFields, toField } from "#codec/ssh-wire.ts";
import { loadSsh2 } from "./tuned-ssh2.ts";

export type AgentKey = { blob: Buffer; keyType: string; fingerprint: string; comment: string };
export type AgentListing = { isReachable: boolean; keys: AgentKey[] };

const REQUEST_IDENTITIES = Buffer.from([11]);
const IDENTITIES_ANSWER = 12;
const LARGEST_ANSWER = 256 * 1024;
const AGENT_TIMEOUT_MS = 2_000;
const NOBODY: AgentListing = { isReachable: false, keys: [] };

/**
 * Every key that an agent holds, in its order. We ask by ourselves, for ssh2 silently drops those that it cannot
 * use, and has no deadline.
 */
export async function listAgentKeys(socketPath: string | null): Promise<AgentListing> {
  const answer = socketPath ? await askAgent(socketPath, REQUEST_IDENTITIES) : null;
  return answer ? readListing(answer) : NOBODY;
}

/** What an agent answers to one message; null where it does not, in time. Whatever waits for somebody to say yes is too late. */
export async function askAgent(
  socketPath: string,
  message: Uint8Array,
  timeoutMs = AGENT_TIMEOUT_MS,
): Promise<Buffer | null> {
  const socket = connect({ path: socketPath });
  // With an error: without one, who waits for the connection would wait for ever.
  const deadline = setTimeout(() => socket.destroy(new Error("no answer in time")), timeoutMs);
  let answer = Buffer.alloc(0);
  try {
    await once(socket, "connect");
    socket.write(toField(message));
    for await (const chunk of socket) {
      answer = Buffer.concat([answer, chunk]);
      const length = answer.length < 4 ? LARGEST_ANSWER : answer.readUInt32BE(0);
      if (answer.length >= 4 && length > LARGEST_ANSWER) return null;
      if (answer.length >= 4 + length) return answer.subarray(4, 4 + length);
    }
    return null;
  } catch (error) {
    if (error instanceof Error) return null;
    throw error;
  } finally {
    clearTimeout(deadline);
    socket.destroy();
  }
}

/** An agent that offers one of its keys and no other, until the login has ended: then it is let go, answer or not. */
export function offerOneKey(socketPath: string, key: ParsedKey, ended: AbortSignal): OpenSSHAgent {
  const agent = new (loadSsh2().OpenSSHAgent)(socketPath);
  const open = agent.getStream.bind(agent);
  agent.getStream = (answer) =>
    open((error, stream) => {
      if (stream) ended.addEventListener("abort", () => stream.destroy(), { once: true });
      if (ended.aborted) stream?.destroy();
      answer(error, stream);
    });
  agent.getIdentities = (answer: IdentityCallback<ParsedKey>) => answer(null, [key]);
  return agent;
}

function readListing(message: Buffer): AgentListing {
  const count = message[0] === IDENTITIES_ANSWER && message.length >= 5 ? message.readUInt32BE(1) : 0;
  const keys: AgentKey[] = [];
  const fields = openFields(message, 5);
  while (keys.length < count) {
    const [blob, comment] = [fields.octets(), fields.octets()];
    if (!blob || !comment) break;
    keys.push({ blob, ...viewKey(blob), comment: comment.toString("utf8") });
  }
  return { isReachable: true, keys };
}
