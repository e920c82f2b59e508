import { isIP } from "node:net";
import type { AcmeIdentifier } from "#shared/model/acme.ts";
import { sequence } from "#testing/tls/build-certificate.ts";
import { ipName, makeKey, makeRequest } from "#testing/tls/make-request.ts";

/** A request of a new key for DNS names and IPv4 addresses, with no name in its subject, as authorities want it. */
export function requestFor(...names: readonly string[]) {
  const key = makeKey();
  const csr = makeRequest({
    key,
    subject: sequence(),
    names: names.map((name) => (isIP(name) ? ipName(...name.split(".").map(Number)) : name)),
  });
  return {
    csr,
    spki: key.spki,
    names: names.map(
      (name): AcmeIdentifier => ({ type: isIP(name) ? "ip" : "dns", value: name.toLowerCase() }),
    ),
  };
}
