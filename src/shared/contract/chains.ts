import { z } from "zod";
import { Sha256 } from "../model/certificate.ts";
import { ChainView, RevocationView, TrustItem } from "../model/trust.ts";
import { command, query } from "./procedure.ts";

/**
 * A certificate whose authority is gone to. `hosts`: those that the user has named; of the others none is on this computer or
 * on its own link.
 */
const Visited = z.object({ sha256: Sha256, hosts: z.array(z.string().min(1).max(255)).max(8).default([]) });

export const chains = {
  /** What stands above a certificate, as each endpoint sends it, and what each store of roots makes of it now. */
  read: query
    .input(z.object({ sha256: Sha256 }))
    .output(z.object({ chains: z.array(ChainView), isPublic: z.boolean().nullable() })),

  /** What is said of its revocation by stapled answers and by the lists that were given. Nothing is fetched. */
  revocation: query.input(z.object({ sha256: Sha256 })).output(
    z.object({
      views: z.array(RevocationView),
      /** Where its authority says that lists and answers are to be had. Written by strangers. */
      lists: z.array(z.string()),
      responders: z.array(z.string()),
    }),
  ),

  /** The roots and revocation lists that were given. */
  trusted: query.output(z.array(TrustItem)),

  /** Takes the roots or revocation lists out of a file. `added`: how many were not there before. */
  trust: command
    .input(
      z.object({
        kind: z.enum(["root", "crl"]),
        name: z.string().min(1).max(4_096),
        base64: z.base64().max(96 * 1024 * 1024),
      }),
    )
    .output(z.object({ added: z.int(), known: z.int() })),

  /** Fetches the revocation lists that a certificate names, from wherever it says. `failed`: which could not be had, and why. */
  fetchLists: command.input(Visited).output(
    z.object({
      added: z.int(),
      known: z.int(),
      failed: z.array(z.object({ address: z.string(), why: z.string() })),
    }),
  ),

  /**
   * Asks the OCSP responders that a certificate names, wherever they are; that one says it is revoked is kept. But for this and
   * `fetchLists`, nothing that a certificate names is ever gone to.
   */
  askResponders: command.input(Visited).output(z.object({ views: z.array(RevocationView) })),

  distrust: command.input(z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/) })).output(z.object({})),
};
