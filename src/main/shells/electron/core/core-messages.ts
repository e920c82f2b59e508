import type { AnyRouter } from "@orpc/server";
import { RPCHandler } from "@orpc/server/message-port";
import { z } from "zod";

/** From the window to the core; a port to a page comes with the first. */
export const ToCore = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("serve") }),
  /** Close the database, and reply `stopped`: ending by itself would join threads, of which one may never end. */
  z.strictObject({ kind: z.literal("stop") }),
  /** The vault process that was requested; a port to it comes along. */
  z.strictObject({ kind: z.literal("vault-process"), id: z.int() }),
  z.strictObject({ kind: z.literal("vault-process-ended"), id: z.int() }),
]);
export type ToCore = z.infer<typeof ToCore>;

export const FromCore = z.discriminatedUnion("kind", [
  /** The database is open. */
  z.object({ kind: z.literal("ready") }),
  /** The database cannot be opened, for a reason that a new start would meet again. */
  z.object({ kind: z.literal("unable"), sentence: z.string() }),
  /** The database is closed, and nothing is under way: the core waits to be ended. */
  z.object({ kind: z.literal("stopped") }),
  /** The vault needs its process; each has its own number. */
  z.object({ kind: z.literal("start-vault-process"), id: z.int() }),
  z.object({ kind: z.literal("end-vault-process"), id: z.int() }),
]);
export type FromCore = z.infer<typeof FromCore>;

/** The part of a port that is used; Electron's MessagePortMain and Node's MessagePort both fit. */
type Port = {
  on(event: string, listener: (event?: { data: unknown }) => void): unknown;
  postMessage(message: unknown): void;
  start(): void;
};

/** The part of a utility process's parentPort that is used. */
type ParentPort = {
  on(event: "message", listener: (event: { data?: unknown; ports: Port[] }) => void): unknown;
};

/** Serves the contract on every port that the parent sends. */
export function servePorts(app: { router: AnyRouter }, parent: ParentPort): void {
  const handler = new RPCHandler(app.router);
  parent.on("message", ({ data, ports }) => {
    if (ToCore.safeParse(data).data?.kind === "vault-process") return;
    for (const port of ports) {
      handler.upgrade(port);
      port.start();
    }
  });
}
