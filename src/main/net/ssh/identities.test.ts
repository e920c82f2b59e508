import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import ssh2 from "ssh2";
import { expect, test } from "vitest";
import { toField } from "#codec/ssh-wire.ts";
import { makeKeyPair, startSshServer } from "#testing/ssh/ssh-server.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import { gatherIdentities } from "./identities.ts";
import { logIn } from "./log-in.ts";

const LIST = 11;

/** An agent that lists two keys, and takes every other request without ever answering it. */
async function startSilentAgent(socketPath: string) {
  const blobs = [makeKeyPair(), makeKeyPair()].map((pair) => {
    const key = ssh2.utils.parseKey(pair.public);
    if (key instanceof Error) throw key;
    return key.getPublicSSH();
  });
  const keys = blobs.flatMap((blob) => [toField(blob), toField("")]);
  const listing = toField(Buffer.concat([Buffer.from([12, 0, 0, 0, blobs.length]), ...keys]));
  const asked = Promise.withResolvers<Socket>();
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (request) => {
      if (request[4] === LIST) socket.write(listing);
      else asked.resolve(socket);
    });
  });
  server.listen(socketPath);
  await once(server, "listening");
  return { asked: asked.promise, server };
}

test("an agent that does not sign is waited for until the login's deadline, and then let go", async () => {
  await using folder = await makeTemporaryFolder();
  await using server = await startSshServer({ run: null });
  const agentSocket = join(folder.path, "agent");
  const agent = await startSilentAgent(agentSocket);
  const { identities } = await gatherIdentities({ identityFiles: [], home: folder.path, agentSocket });
  expect(identities).toHaveLength(2);

  const result = await logIn({
    target: { host: server.host, port: server.port },
    user: "jo",
    identities,
    hostKeyTypes: ["ssh-ed25519"],
    verifyHostKey: () => ({ kind: "trusted" }),
    limits: { connectMs: 1_000, readyMs: 1_000 },
    signal: new AbortController().signal,
  });
  expect(result).toMatchObject({ outcome: "timed-out" });
  const socket = await agent.asked;
  if (!socket.closed) await once(socket, "close");
  await new Promise((resolve) => agent.server.close(resolve));
});
