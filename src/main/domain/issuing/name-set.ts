import ipaddr from "ipaddr.js";

/**
 * The names of a certificate (`DNS:`, `IP:`, ...), to be asked whether another one stands among them. A wildcard stands for
 * one label, as clients match it (RFC 9525).
 */
export function createNameSet(names: Iterable<string>): { has(name: string): boolean } {
  const known = new Set(Array.from(names, canonicalName));
  return {
    has(name) {
      const canonical = canonicalName(name);
      const dot = canonical.indexOf(".");
      return (
        known.has(canonical) ||
        (canonical.startsWith("DNS:") && dot > 0 && known.has(`DNS:*${canonical.slice(dot)}`))
      );
    },
  };
}

/** Equal for names that are the same to a client. */
function canonicalName(name: string): string {
  if (name.startsWith("DNS:")) return `DNS:${name.slice(4).toLowerCase().replace(/\.$/, "")}`;
  if (!name.startsWith("IP:")) return name;
  const address = name.slice(3);
  return ipaddr.isValid(address) ? `IP:${ipaddr.parse(address).toNormalizedString()}` : name;
}

const NAMES_TOLD = 5;

/** Names in a sentence, without their kinds: a certificate may have thousands. */
export function sayNames(names: readonly string[]): string {
  const told = names.slice(0, NAMES_TOLD).map((name) => name.replace(/^(?:DNS|IP):/, "").slice(0, 260));
  const more = names.length - told.length;
  return more > 0 ? `${told.join(", ")} and ${more} more` : told.join(", ");
}
