import { z } from "zod";

/** A thing of the graph. `id` is opaque and holds as long as the database. Names are written by strangers. */
export const GraphNode = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("account"),
    id: z.string(),
    host: z.string(),
    port: z.int(),
    account: z.string(),
    /** Its user ID is 0: it reads every file of its host, and can act as every account. */
    isRoot: z.boolean(),
  }),
  z.object({
    kind: z.literal("key"),
    id: z.string(),
    fingerprint: z.string(),
    keyType: z.string().nullable(),
  }),
  z.object({
    kind: z.literal("person"),
    id: z.string(),
    name: z.string(),
    /** That of the entry that leads, where the name alone may mean somebody else. */
    number: z.int().nullable(),
    standing: z.enum(["known", "gone"]),
  }),
  z.object({ kind: z.literal("this-computer"), id: z.string() }),
  /** Nobody has asked the agent which keys it holds: the path beyond it is not known. */
  z.object({
    kind: z.literal("agent"),
    id: z.string(),
    host: z.string(),
    port: z.int(),
    account: z.string(),
    origin: z.enum(["forwarded", "local", "unknown"]),
  }),
]);
export type GraphNode = z.infer<typeof GraphNode>;

/**
 * How one thing gives another: whoever has `from` has `to`.
 * holds: a private key file, an agent or a people source gives a key; opens: a grant lets a key in to an account;
 * signs: the key is an authority that sshd trusts, and a certificate that it signs lets in to an account; root: the
 * account of user ID 0 is every account of its host; sudo, doas: a rule; agent: an open socket signs with its keys.
 */
export const GraphHow = z.enum(["holds", "opens", "signs", "root", "sudo", "doas", "group", "agent"]);
export type GraphHow = z.infer<typeof GraphHow>;

export const GraphEdge = z.object({
  from: z.string(),
  to: z.string(),
  how: GraphHow,
  /** False: it depends on what its first note says. */
  isCertain: z.boolean(),
  /** The evidence: a path, FILE:LINE, or the name of a people source. */
  where: z.string(),
  /** The options of a grant as they stand in its line; empty for none. */
  options: z.string(),
  notes: z.array(z.string()),
});
export type GraphEdge = z.infer<typeof GraphEdge>;

/** One step from one thing to the next, by a key or without: a row of the table. */
export const GraphLink = z.object({
  id: z.string(),
  from: GraphNode,
  /** The key that is used; null where none is. */
  fingerprint: z.string().nullable(),
  to: GraphNode,
  how: GraphHow,
  /** Where the private key is: a path, or the name of a people source; null where the key itself is the start. */
  heldAt: z.string().nullable(),
  where: z.string(),
  options: z.string(),
  isCertain: z.boolean(),
  notes: z.array(z.string()),
  /** So many logins and changes of account from the start; null in a list that has no start. */
  distance: z.int().nullable(),
  /** Every step of the path from the start is certain; null without a start. */
  isPathCertain: z.boolean().nullable(),
});
export type GraphLink = z.infer<typeof GraphLink>;

/** Two hosts, each of which holds a private key that opens an account of the other. `there` is of the first one. */
export const MutualTrust = z.object({ id: z.string(), there: GraphLink, back: GraphLink });
export type MutualTrust = z.infer<typeof MutualTrust>;

/** A key that people sources name for several people, or a host key that several hosts hold. */
export const SharedKey = z.object({
  id: z.string(),
  fingerprint: z.string(),
  kind: z.enum(["people", "hosts"]),
  /** The people by name, or the hosts as HOST or HOST:PORT; the first of them. */
  sharedBy: z.array(z.string()),
  sharedByCount: z.int(),
});
export type SharedKey = z.infer<typeof SharedKey>;
