import type { AnyRouter } from "@orpc/server";
import { RPCHandler } from "@orpc/server/message-port";
import { z } from "zod";

/** What the window tells the core; a port to a page comes beside the first. */
export const ToCore = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("serve") }),
  /** Close the database, and say so: an end of its own would join threads, of which one may never end. */
  z.strictObject({ kind: z.literal("stop") }),
  /** The vault process that was requested; a port to it comes beside. */
  z.strictObject({ kind: z.literal("vault-process"), id: z.int() }),
  z.strictObject({ kind: z.literal("vault-process-ended"), id: z.int() }),
]);
export type ToCore = z.infer<typeof ToCore>;

export const FromCore = z.discriminatedUnion("kind", [
  /** The database is open. */
  z.object({ kind: z.literal("ready") }),
  /** It cannot be opened, for a reason that a new start would meet again. */
  z.object({ kind: z.literal("unable"), sentence: z.string() }),
  /** The database is closed, and nothing is under way: it waits for its end. */
  z.object({ kind: z.literal("stopped") }),
  /** The vault needs its process; each has its own number. */
  z.object({ kind: z.literal("start-vault-process"), id: z.int() }),
  z.object({ kind: z.literal("end-vault-process"), id: z.int() }),
]);
export type FromCore = z.infer<typeof FromCore>;

/** The sliver of a port that is used; Electron's MessagePortMain and Node's MessagePort both fit. */
type Port = {
  on(event: string, listener: (event?: { data: unknown }) => void): unknown;
  postMessage(message: unknown): void;
  start(): void;
};

/** The sliver of a utility process's parentPort that is used. */
type ParentPort = {
  on(event: "message", listener: (event: { data?: unknown; ports: Port[] }) => void): unknown;
};

/** Answers the contract on every port that the parent hands over. */
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
