import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { expect, test } from "vitest";
import { createConnections } from "./connections.ts";

const US = 1_000;
const OTHERS = 65_534;

/** A connection from its own port, which is closed when it is destroyed. */
function connect(remotePort: number) {
  const socket = Object.assign(new EventEmitter(), {
    remoteAddress: "127.0.0.1",
    remotePort,
    isClosed: false,
    destroy() {
      socket.isClosed = true;
      socket.emit("close");
    },
  });
  return socket;
}

test("what another user opens while the kernel is asked closes none of ours", async () => {
  const users = new Map<string, number>();
  const asked = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let times = 0;
  const connections = createConnections(80, {
    ourUser: US,
    readUsers: async () => {
      const seen = new Map(users);
      await asked[times++]?.promise;
      return seen;
    },
  });
  let port = 1;
  const open = (user: number) => {
    const socket = connect(port++);
    users.set(`127.0.0.1 ${socket.remotePort}`, user);
    connections.admit(socket as unknown as Socket);
    return socket;
  };

  const ours = open(US);
  const first = Array.from({ length: 64 }, () => open(OTHERS));
  // The kernel is being asked about these 65.
  const second = Array.from({ length: 300 }, () => open(OTHERS));
  asked[0]?.resolve();
  await new Promise(setImmediate);
  expect(ours.isClosed).toBe(false);
  asked[1]?.resolve();
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  expect(ours.isClosed).toBe(false);
  expect([ours, ...first, ...second].filter(({ isClosed }) => !isClosed)).toHaveLength(64);
});
