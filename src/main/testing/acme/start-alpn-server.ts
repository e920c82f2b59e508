import { writePem } from "#codec/pem.ts";
import "reflect-metadata";
import { createSecureContext, createServer, type SecureContext } from "node:tls";
import { Extension, SubjectAlternativeNameExtension, X509CertificateGenerator } from "@peculiar/x509";
import type { AcmeChallenge } from "#shared/model/issuers/issuer.ts";
import { listen } from "#testing/servers.ts";

const P256 = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };

/** A TLS server that responds to tls-alpn-01 (RFC 8737) with a certificate of its own. */
export async function startAlpnServer() {
  const contexts = new Map<string, SecureContext>();
  const server = createServer({
    ALPNProtocols: ["acme-tls/1"],
    SNICallback: (name, answer) => answer(null, contexts.get(name)),
  });
  const { endpoint, [Symbol.asyncDispose]: stop } = await listen(server);
  return {
    ...endpoint,
    [Symbol.asyncDispose]: stop,
    answer: async (challenge: AcmeChallenge) => {
      if (challenge.type !== "tls-alpn-01") throw new Error(`asked for ${challenge.type}`);
      contexts.set(challenge.name, await makeContext(challenge.name, challenge.digest));
      return { kind: "ready" as const, undo: async () => void contexts.delete(challenge.name) };
    },
  };
}

async function makeContext(name: string, digest: Uint8Array): Promise<SecureContext> {
  const keys = await crypto.subtle.generateKey(P256, true, ["sign", "verify"]);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: "CN=challenge",
    keys,
    signingAlgorithm: P256,
    extensions: [
      new SubjectAlternativeNameExtension([{ type: "dns", value: name }]),
      new Extension("1.3.6.1.5.5.7.1.31", true, new Uint8Array([0x04, digest.length, ...digest])),
    ],
  });
  const key = new Uint8Array(await crypto.subtle.exportKey("pkcs8", keys.privateKey));
  return createSecureContext({
    cert: certificate.toString("pem"),
    key: writePem("PRIVATE KEY", key),
  });
}
