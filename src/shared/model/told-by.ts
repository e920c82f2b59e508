import { z } from "zod";

/**
 * How a server is told of new files. `unit`: by its supervisor; `command`: by a command or a signal of its own; `restart`: only by
 * being started again; `none`: it does not run there, or nobody knows how.
 */
export const ToldBy = z.enum(["unit", "command", "restart", "none"]);
export type ToldBy = z.infer<typeof ToldBy>;

/** `Consumer.reload` of a server that has to be started again: it ends its connections, so it is agreed to before. */
export const RESTART = "systemctl restart, which ends its connections";
