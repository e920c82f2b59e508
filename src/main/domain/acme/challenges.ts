import { hash } from "node:crypto";
import type { AcmeChallenge } from "#shared/model/acme.ts";
import type { OfferedChallenge } from "./reading/read-authorization.ts";

/** What answers a challenge of this name for the account whose key has this thumbprint. */
export function challengeOf(
  name: string,
  { type, token }: Pick<OfferedChallenge, "type" | "token">,
  thumbprint: string,
): AcmeChallenge {
  const keyAuthorization = `${token}.${thumbprint}`;
  switch (type) {
    case "http-01":
      return { type, name, token, keyAuthorization };
    case "dns-01":
      return { type, name, txt: hash("sha256", keyAuthorization, "base64url") };
    case "tls-alpn-01":
      return { type, name, digest: hash("sha256", keyAuthorization, "buffer") };
  }
}
