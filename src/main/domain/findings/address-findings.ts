import ipaddr from "ipaddr.js";
import type { Certificate } from "#shared/model/certificates/certificate.ts";
import type { FindingDraft } from "#shared/model/finding.ts";
import type { TlsTarget } from "#shared/model/hosts/target.ts";

/** The chain that an address of a name presented, the leaf first. */
type Showed = { address: string; chain: readonly ({ certificate: Certificate } | null)[] };

/** How many addresses the evidence lists; it counts the others. */
const MOST_ADDRESSES = 8;

/**
 * The addresses of one name present different leaves: a finding about the leaf that expires first, which is the
 * outdated one, if any is. Ignores addresses without a chain, and a leaf that cannot be read.
 */
export function findAddressProblems({ host, port }: TlsTarget, addresses: readonly Showed[]): FindingDraft[] {
  const showed = addresses.flatMap(({ address, chain: [leaf] }) =>
    leaf ? { address, certificate: leaf.certificate } : [],
  );
  const [oldest] = showed.toSorted((one, other) =>
    endOf(one.certificate) < endOf(other.certificate) ? -1 : 1,
  );
  if (!oldest) return [];
  const { certificate } = oldest;
  const isSame = (one: (typeof showed)[number]) => one.certificate.sha256 === certificate.sha256;
  if (showed.every(isSame)) return [];
  const where = showed
    .filter(isSame)
    .map(({ address }) => address)
    .join(", ");
  const more = showed.length - MOST_ADDRESSES;
  return [
    {
      about: { kind: "certificate", sha256: certificate.sha256 },
      label: certificate.subject || certificate.names[0] || `serial number ${certificate.serial}`,
      rule: "endpoint-addresses-differ",
      severity: "medium",
      sentence: `the addresses of ${host} serve different certificates on port ${port}, and this one comes from ${where}`,
      evidence: [
        ...showed.slice(0, MOST_ADDRESSES).map(formatShowed),
        ...(more > 0 ? [`and ${more} addresses more`] : []),
      ],
      remedy: `have all addresses serve the same one: renew or reload the server at ${where}, or take it out of the name`,
    },
  ];
}

/** A certificate with an unreadable end sorts last. */
const endOf = ({ notAfter }: Certificate): string => notAfter ?? "unreadable";

const formatShowed = ({ address, certificate }: { address: string; certificate: Certificate }): string =>
  `${address} serves ${certificate.sha256.slice(0, 16)}, which ends ${certificate.notAfter ?? "at a time that cannot be read"}`;

/**
 * Whether a certificate has a name or an address, by RFC 9525: the common name never counts, and "*" matches the whole
 * leftmost label and nothing else.
 */
export function isNamed(host: string, names: readonly string[]): boolean {
  if (isAddress(withoutZone(host))) {
    const listed = names.filter((name) => name.startsWith("IP:"));
    return listed.length > 0 && listed.some((name) => normalize(name.slice(3)) === normalize(host));
  }
  const labels = toLabels(host);
  return names.some((name) => name.startsWith("DNS:") && matches(labels, toLabels(name.slice(4))));
}

/** Null for what is no address. */
function normalize(text: string): string | null {
  const address = withoutZone(text);
  return isAddress(address) ? ipaddr.process(address).toNormalizedString() : null;
}

const isAddress = (text: string): boolean =>
  ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);

/** Removes a zone: it identifies an interface, not a host. */
const withoutZone = (text: string): string => text.replace(/%.*$/, "");

/** Certificates have international names in their ASCII form. */
function toLabels(name: string): string[] {
  const ascii = /^[\x21-\x7e]*$/.test(name) ? name : toAscii(name);
  return ascii.toLowerCase().replace(/\.$/, "").split(".");
}

const toAscii = (name: string): string =>
  /[\s/\\@?#:%]/.test(name) ? name : (URL.parse(`http://${name}`)?.hostname ?? name);

function matches(labels: readonly string[], pattern: readonly string[]): boolean {
  if (labels.length !== pattern.length) return false;
  const isWild = pattern[0] === "*" && pattern.length > 1 && labels[0] !== "";
  return labels.every((label, index) => (index === 0 && isWild) || label === pattern[index]);
}
