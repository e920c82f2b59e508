import { z } from "zod";

/** One element of ASN.1 where it stands in its bytes. */
export const Asn1Node = z.object({
  /** Where its header begins, from 0; what is inside is asked for by it. */
  offset: z.int(),
  headerBytes: z.int(),
  contentBytes: z.int(),
  /** By its standard name, or `[0]` for one that only its place gives a meaning. */
  tag: z.string(),
  /** Its content in words; empty for one that holds others. May be cut: the bytes tell all. */
  value: z.string(),
  /** Whether others stand in it. */
  isOpenable: z.boolean(),
  /** It is a string of bits or octets by its tag, and DER by its content. */
  isWrapping: z.boolean(),
});
export type Asn1Node = z.infer<typeof Asn1Node>;

/** What stands in one element, as far as it was asked for. */
export const Asn1Level = z.object({
  nodes: z.array(Asn1Node),
  /** How many to skip for those that follow; null where these were the last. */
  next: z.int().nullable(),
  /** From where on it is no DER, and how many bytes are left; null where it is DER to its end. */
  broken: z.object({ offset: z.int(), bytes: z.int() }).nullable(),
});
export type Asn1Level = z.infer<typeof Asn1Level>;
