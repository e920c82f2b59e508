import { z } from "zod";
import { GraphEdge, GraphLink, GraphNode, MutualTrust, SharedKey } from "../../model/access/graph.ts";
import { listOf, Page, query, Search } from "../procedure.ts";

/**
 * A thing by its name: HOST or HOST:PORT (whoever is root there), ACCOUNT@HOST, SHA256:..., person:NAME (by a name or login;
 * person:#12 by an entry, person:NAME #12 by both), or "this computer".
 */
const Name = z.string().trim().min(1).max(600);

/** From a start: what it reaches, or what reaches it. */
const Start = z.object({
  start: Name,
  direction: z.enum(["from", "to"]).default("from"),
  onlyCertain: z.boolean().default(false),
});

const PathFilter = { onlyCertain: z.boolean().default(false), onlyRoot: z.boolean().default(false) };

/** `isCut`: there is more than was read. */
const CUT = { isCut: z.boolean() };

export const graph = {
  /** Every known step, in the order of who takes it. */
  links: query
    .input(
      z.object({
        search: Search,
        /**
         * Only steps that begin at one of these: a key file, this computer, a person, an authority that sshd trusts,
         * another account.
         */
        by: z.enum(["key-file", "this-computer", "person", "authority", "account"]).nullable().default(null),
        /** Only steps that begin at people of this name or login, or at the person of an entry (#12), and of this standing. */
        person: z.string().trim().min(1).max(600).nullable().default(null),
        standing: z.enum(["known", "gone"]).nullable().default(null),
        /** Only steps that lead to this host. */
        host: z.string().max(253).nullable().default(null),
        ...PathFilter,
        ...Page.shape,
      }),
    )
    .output(listOf(GraphLink)),

  /** What a thing reaches, or what reaches it, nearest first: for each thing the last step of a shortest path. */
  reach: query
    .input(
      Start.extend({
        search: Search,
        host: z.string().max(253).nullable().default(null),
        onlyRoot: z.boolean().default(false),
        ...Page.shape,
      }),
    )
    .output(listOf(GraphLink).extend(CUT)),

  /**
   * Who can be root on a host: the nearest ways there, each by its first step. Passwords are no step. `isRead`: an account of
   * root was read there; where none was, nothing is known. `isCut`: there are more than these.
   */
  roots: query
    .input(z.object({ host: z.string().min(1).max(253), port: z.int().min(1).max(65_535) }))
    .output(z.object({ isRead: z.boolean(), rows: z.array(GraphLink) }).extend(CUT)),

  /** The nearest things around a start, for a diagram. */
  diagram: query.input(Start.extend({ most: z.int().min(1).max(2_000).default(150) })).output(
    z.object({
      nodes: z.array(GraphNode),
      edges: z.array(GraphEdge),
      starts: z.array(z.string()),
      isCut: z.boolean(),
    }),
  ),

  /** A shortest path: one that is certain, else one that is possible; null for none. */
  path: query.input(z.object({ from: Name, to: Name, onlyCertain: z.boolean().default(false) })).output(
    z.object({
      steps: z.array(GraphLink).nullable(),
      isCertain: z.boolean(),
      isCut: z.boolean(),
    }),
  ),

  /** Pairs of hosts that can log in to each other: by the surest path there, and the surest back. */
  mutual: query
    .input(
      z.object({
        search: Search,
        /** Only pairs that this host is in. */
        host: z.string().max(253).nullable().default(null),
        /** Only pairs of which both paths are certain. */
        onlyCertain: z.boolean().default(false),
        ...Page.shape,
      }),
    )
    .output(listOf(MutualTrust).extend(CUT)),

  /** Keys of several people, and host keys of several hosts. */
  shared: query
    .input(z.object({ search: Search, kind: SharedKey.shape.kind.nullable().default(null), ...Page.shape }))
    .output(listOf(SharedKey).extend(CUT)),
};
