/**
 * The messages between the desktop window and its page. The contract has a port of its own. Neither trusts the other:
 * each parses what it receives by these schemas and drops the rest.
 */
import { z } from "zod";
import { RowLink } from "../../model/row-link.ts";

/** A larger file is not inspected on a screen: the web shell's socket takes no more in one message. */
export const MOST_FILE_BYTES = 700 * 1024;

/** The state of the process that has the database open. The sentence is for people, and null when all is well. */
export const CoreStatus = z.object({
  state: z.enum(["starting", "running", "restarting", "failed"]),
  sentence: z.string().nullable(),
});
export type CoreStatus = z.infer<typeof CoreStatus>;

/** What the native menu can request of the page. */
export const DesktopCommand = z.enum(["scan", "inspect", "shortcuts"]);
export type DesktopCommand = z.infer<typeof DesktopCommand>;

export const DesktopMessage = z.discriminatedUnion("kind", [
  CoreStatus.extend({ kind: z.literal("core") }),
  z.object({ kind: z.literal("command"), command: DesktopCommand }),
  /** A link that another program opened, or a screen that was chosen in the menu. */
  RowLink.extend({ kind: z.literal("go") }),
  /** A file that the operating system asked us to open. */
  z.object({ kind: z.literal("file"), name: z.string(), base64: z.base64() }),
  z.object({ kind: z.literal("unreadable-file"), name: z.string(), sentence: z.string() }),
]);
export type DesktopMessage = z.infer<typeof DesktopMessage>;

export const DesktopRequest = z.discriminatedUnion("kind", [
  /** The page listens from now on, and needs a port. Sent once a load. */
  z.strictObject({ kind: z.literal("connect") }),
  /** Starts the core again after it was given up. */
  z.strictObject({ kind: z.literal("retry") }),
  /** The page may not reach the clipboard by itself: it has no permission at all. */
  z.strictObject({ kind: z.literal("copy"), text: z.string().max(16 * 1024 * 1024) }),
]);
export type DesktopRequest = z.infer<typeof DesktopRequest>;
