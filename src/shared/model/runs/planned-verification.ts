import { z } from "zod";
import { HostName, Port } from "../hosts/target.ts";

/** How it is verified that the new key, and it alone, logs in to an account. */
export const PlannedVerification = z.discriminatedUnion("kind", [
  /** By a fresh connection from here. `command`: it runs a command there; otherwise the login alone counts. */
  z.object({ kind: z.literal("from-here"), runs: z.enum(["command", "nothing"]) }),
  /** By OpenSSH's client on the host that holds the private key. */
  z.object({
    kind: z.literal("from-host"),
    host: HostName,
    port: Port,
    runs: z.enum(["command", "nothing"]),
  }),
  /** By whoever runs the host's script, which asks them whether a login works. */
  z.object({ kind: z.literal("by-hand") }),
  /**
   * By the host's journal, once it has a login by the new key; else by that key's signature, or a person's approval. A
   * plain file, which any user of the host may write, verifies nothing.
   */
  z.object({ kind: z.literal("by-log") }),
  z.object({ kind: z.literal("none"), why: z.string() }),
]);
export type PlannedVerification = z.infer<typeof PlannedVerification>;
