import { z } from "zod";
import { Instant } from "./instant.ts";

/** A log's promise that it lists a certificate (RFC 6962, 3.2). Its signature is not checked here. */
export const CertificateTimestamp = z.object({
  /** SHA-256 of the log's key, lower-case hex: the log's identity. */
  logId: z.string(),
  /** Null where the time is none that a date can hold. */
  at: Instant.nullable(),
  /** Where it stands: in the certificate, in the stapled answer of OCSP, or in an extension of the handshake. */
  from: z.enum(["certificate", "staple", "handshake"]),
});
export type CertificateTimestamp = z.infer<typeof CertificateTimestamp>;
