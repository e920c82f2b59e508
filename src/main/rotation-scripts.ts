/** Scripts that are several files, each of which defines functions alone: in whatever order they stand. */
const join = (files: Record<string, string>): string => Object.values(files).join("\n");

/** The hand, before any library of verbs. */
export const handScript = join(
  import.meta.glob<string>("../../resources/rotation/hand/*.sh", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
);

/** What a carried script does with the hand. */
export const carryScript = join(
  import.meta.glob<string>("../../resources/rotation/carry/*.sh", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
);

/** What a hand knows of challenges. */
export const challengeScript = join(
  import.meta.glob<string>("../../resources/rotation/challenge/*.sh", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
);
