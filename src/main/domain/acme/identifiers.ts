import ipaddr from "ipaddr.js";
import { readRequest } from "#domain/issuing/read-request.ts";
import type { AcmeIdentifier } from "#shared/model/acme.ts";

/** What an order asks for so that its certificate has the names of a request; a sentence where ACME has none of that kind. */
export function identifiersOf(csr: Uint8Array): AcmeIdentifier[] | string {
  const request = readRequest(csr);
  if (!request) return "the request cannot be read";
  const found = new Map<string, AcmeIdentifier>();
  for (const name of request.extensions.names) {
    const identifier = identifierOf(name);
    if (!identifier)
      return `the request asks for ${name.slice(0, 260)}, and ACME has host names and addresses only`;
    found.set(`${identifier.type} ${identifier.value}`, identifier);
  }
  return found.size > 0 ? [...found.values()] : "the request asks for no name";
}

function identifierOf(name: string): AcmeIdentifier | null {
  if (name.startsWith("DNS:")) return { type: "dns", value: name.slice(4).toLowerCase().replace(/\.$/, "") };
  const address = name.startsWith("IP:") ? name.slice(3) : "";
  if (!ipaddr.isValid(address)) return null;
  const parsed = ipaddr.parse(address);
  // RFC 8738, section 3: as RFC 5952 writes it.
  return {
    type: "ip",
    value: parsed.kind() === "ipv6" ? (parsed as ipaddr.IPv6).toRFC5952String() : address,
  };
}
