import ipaddr from "ipaddr.js";

/**
 * Whether a name or an address stands among a certificate's names, by RFC 9525: the common name never counts, and
 * "*" stands for the whole leftmost label and for nothing else.
 */
export function isNamed(wanted: string, names: readonly string[]): boolean {
  const address = normalize(wanted);
  if (address !== null) {
    return names.some((name) => name.startsWith("IP:") && normalize(name.slice(3)) === address);
  }
  const labels = toLabels(wanted);
  return names.some((name) => name.startsWith("DNS:") && matches(labels, toLabels(name.slice(4))));
}

/** Null for what is no address. A zone tells interfaces apart, not hosts. */
function normalize(text: string): string | null {
  const address = text.replace(/%.*$/, "");
  const { IPv4, IPv6 } = ipaddr;
  const isAddress = IPv4.isValidFourPartDecimal(address) || IPv6.isValid(address);
  return isAddress ? ipaddr.process(address).toNormalizedString() : null;
}

/** Names beyond ASCII stand in certificates in their ASCII form. */
function toLabels(name: string): string[] {
  const ascii = /^[\x21-\x7e]*$/.test(name) ? name : toAscii(name);
  return ascii.toLowerCase().replace(/\.$/, "").split(".");
}

const toAscii = (name: string): string =>
  /[\s/\\@?#:%]/.test(name) ? name : (URL.parse(`http://${name}`)?.hostname ?? name);

function matches(wanted: readonly string[], pattern: readonly string[]): boolean {
  if (wanted.length !== pattern.length) return false;
  const isWild = pattern[0] === "*" && pattern.length > 1 && wanted[0] !== "";
  return wanted.every((label, index) => (index === 0 && isWild) || label === pattern[index]);
}
