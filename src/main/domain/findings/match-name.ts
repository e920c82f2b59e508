import ipaddr from "ipaddr.js";

/**
 * Whether a name or an address stands among a certificate's names, by RFC 9525: the common name never counts, and
 * "*" stands for the whole leftmost label and for nothing else.
 */
export function isNamed(wanted: string, names: readonly string[]): boolean {
  if (isAddress(withoutZone(wanted))) {
    const listed = names.filter((name) => name.startsWith("IP:"));
    return listed.length > 0 && listed.some((name) => normalize(name.slice(3)) === normalize(wanted));
  }
  const labels = toLabels(wanted);
  return names.some((name) => name.startsWith("DNS:") && matches(labels, toLabels(name.slice(4))));
}

/** Null for what is no address. */
function normalize(text: string): string | null {
  const address = withoutZone(text);
  return isAddress(address) ? ipaddr.process(address).toNormalizedString() : null;
}

const isAddress = (text: string): boolean =>
  ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);

/** A zone tells interfaces apart, not hosts. */
const withoutZone = (text: string): string => text.replace(/%.*$/, "");

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
