import { z } from "zod";

/**
 * Something that runs with the rights of an account, as the host's own files and processes show it. Paths, names and
 * schedules are as they stand there; of a command only its program is known, for what follows may be a secret.
 */
export const Workload = z.discriminatedUnion("kind", [
  /** A service of systemd. `path`: the file that names the account. `program`: of ExecStart; null where it has none. */
  z.object({
    kind: z.literal("unit"),
    name: z.string(),
    path: z.string(),
    program: z.string().nullable(),
    /** Something starts it by itself: at boot, or one of `startedBy`. */
    isEnabled: z.boolean(),
    /** Timers, sockets and paths that start it, by their names. */
    startedBy: z.array(z.string()),
  }),
  z.object({
    kind: z.literal("cron"),
    path: z.string(),
    line: z.int(),
    schedule: z.string(),
    /** The first one of its command; null where that may be a value. */
    program: z.string().nullable(),
  }),
  z.object({ kind: z.literal("at"), path: z.string() }),
  /** Processes that ran when the host was read, by the name that they give themselves. */
  z.object({
    kind: z.literal("process"),
    name: z.string(),
    count: z.int(),
    /** They ran in a container: the number of their account is the container's to give. */
    isContained: z.boolean(),
  }),
]);
export type Workload = z.infer<typeof Workload>;

/**
 * What runs as somebody who is no account of the host: the first of `count`. `no-account`: nobody has the name or the
 * uid. `dynamic`: systemd makes it while the service runs. `not-known`: what says it could not be read; then there is no
 * user.
 */
export const UnassignedWorkloads = z.object({
  user: z.string().nullable(),
  why: z.enum(["no-account", "dynamic", "not-known"]),
  workloads: z.array(Workload),
  count: z.int(),
});
export type UnassignedWorkloads = z.infer<typeof UnassignedWorkloads>;
