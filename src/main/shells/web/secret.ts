import { createHash, createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import { type Handshake, verificationText } from "#shared/contract/web-protocol.ts";

/** 256 random bits that fit in a URL and in a header. */
export const makeSecret = (): string => randomBytes(32).toString("base64url");

/** What we keep of a secret that we gave out: it lets nobody in. */
export const digestSecret = (secret: string): Buffer => createHash("sha256").update(secret).digest();

/** Takes the same time whatever is offered, and however long. */
export const isSecret = (offered: string, digest: Buffer): boolean =>
  timingSafeEqual(digestSecret(offered), digest);

/** One end's proof that it knows the session's secret, in base64url. */
export const prove = (by: "server" | "page", secret: string, handshake: Handshake): string =>
  createHmac("sha256", Buffer.from(secret, "base64url"))
    .update(verificationText(by, handshake))
    .digest("base64url");
