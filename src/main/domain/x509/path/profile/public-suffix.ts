import loadSuffixes from "./load-suffixes.cjs";

/**
 * Of the Public Suffix List only what registries have set: the Baseline Requirements ask for its ICANN section, and not for the
 * private one, whose owners may have certificates for all that is below their names (BR 3.2.2.6).
 */
const REGISTRIES_ALONE = {
  allowIcannDomains: true,
  allowPrivateDomains: false,
  detectIp: false,
  detectSpecialUse: false,
  extractHostname: false,
  validateHostname: false,
};

/**
 * Whether names directly below this one are registered by anybody: "com", "co.uk", and every top-level domain, known or not.
 * Takes a DNS name of ASCII in any case, with or without a dot at its end.
 */
export function isPublicSuffix(name: string): boolean {
  const host = name.toLowerCase().replace(/\.$/, "");
  return host !== "" && loadSuffixes().getPublicSuffix(host, REGISTRIES_ALONE) === host;
}
