import { viewOf } from "#codec/der.ts";
import { isNamed } from "#domain/findings/address-findings.ts";
import { printAddress } from "#domain/x509/names.ts";
import type { ChainReason, Client } from "#shared/model/certificates/chain.ts";
import { reasonAbout } from "./chain-reason.ts";
import { type ComparableName, formatKind, formatText } from "./comparable-name.ts";
import type { NameConstraints, Subtree } from "./extension-values.ts";
import type { PathCertificate } from "./path-certificate.ts";

/**
 * Comparisons in one verdict. A certificate of 10,000 names under one authority's 100 subtrees stays below it; more is
 * made to keep a validator busy.
 */
const MOST_COMPARISONS = 1_048_576;

/** Whether a name is within a subtree; null if a name of this form cannot be compared. */
type Answer = boolean | null;

/**
 * The name constraints of a path (RFC 5280, sections 4.2.1.10 and 6.1): each authority's apply to everything below it,
 * so that a name must be in a permitted subtree of every authority that permits names of its form. With a client they
 * are applied as that client does, where it ignores what RFC 5280 demands.
 */
export function createNameConstraints(client: Client | null = null) {
  const authorities: NameConstraints[] = [];
  let left = MOST_COMPARISONS;

  return {
    add({ extensions: { nameConstraints } }: PathCertificate): void {
      if (nameConstraints) authorities.push(nameConstraints);
    },

    /** Why the names of a certificate are not permitted below the authorities that were added; null if they are. */
    check(certificate: PathCertificate): ChainReason | null {
      if (authorities.length === 0) return null;
      for (const name of namesOf(certificate, client))
        for (const constraints of authorities) {
          left -= constraints.permitted.length + constraints.excluded.length;
          if (left < 0) return tooMuch(certificate);
          const reason = checkName(name, constraints, { certificate, client });
          if (reason) return reason;
        }
      return null;
    },
  };
}

const tooMuch = (certificate: PathCertificate): ChainReason =>
  reasonAbout(
    certificate,
    "too-much-work",
    `has names under constraints that take more than ${MOST_COMPARISONS.toLocaleString("en")} comparisons, where this program gives up`,
  );

/**
 * The names of the extension, the subject, and the subject's mail addresses, which are constrained even if the
 * extension exists. Go compares only those of the extension, of the kinds that it knows.
 */
function* namesOf(
  { subject, extensions: { names } }: PathCertificate,
  client: Client | null,
): Generator<ComparableName> {
  if (client === "go") {
    yield* (names ?? []).filter(({ form }) => form !== "directory" && form !== "other");
    return;
  }
  if (subject.rdns.length > 0) yield { form: "directory", value: subject };
  for (const value of subject.emails) yield { form: "email", value };
  if (names) yield* names;
}

function checkName(
  name: ComparableName,
  { permitted, excluded }: NameConstraints,
  { certificate, client }: { certificate: PathCertificate; client: Client | null },
): ChainReason | null {
  const isOfForm = ({ base }: Subtree) =>
    base.form === name.form && (base.form !== "other" || name.form !== "other" || base.tag === name.tag);
  const allowed = permitted.filter(isOfForm);
  const denied = excluded.filter(isOfForm);
  if (name.form === "email" && !name.value.includes("@") && allowed.length + denied.length > 0)
    return reasonAbout(
      certificate,
      "name-malformed",
      `has ${formatName(name)}, which is no mail address, under a constraint on those`,
    );
  const exclusions = denied.map((subtree) => isWithin(name, subtree, { side: "excluded", client }));
  if (exclusions.includes(true))
    return reasonAbout(
      certificate,
      "name-excluded",
      `has ${formatName(name)}, which an authority above it excludes`,
    );
  const permissions = allowed.map((subtree) => isWithin(name, subtree, { side: "permitted", client }));
  if (permissions.includes(true) && !exclusions.includes(null)) return null;
  if (exclusions.includes(null) || permissions.includes(null))
    return reasonAbout(
      certificate,
      "name-not-evaluated",
      `has ${formatName(name)} under a constraint that this program cannot compare`,
    );
  if (allowed.length === 0) return null;
  return reasonAbout(
    certificate,
    "name-not-permitted",
    `has ${formatName(name)}, which is not among what an authority above it permits`,
  );
}

type Side = "permitted" | "excluded";
type Reading = { side: Side; client: Client | null };

function isWithin(name: ComparableName, { base, isWhole }: Subtree, { side, client }: Reading): Answer {
  if (!isWhole) return null;
  // Clients compare a wildcard like any other name.
  const dnsSide = client ? "permitted" : side;
  if (name.form === "dns" && base.form === "dns") return isDnsWithin(name.value, base.value, dnsSide);
  const byGo = client === "go" ? isBelowForGo(name, base) : null;
  if (byGo !== null) return byGo;
  if (name.form === "email" && base.form === "email") return isEmailWithin(name.value, base.value);
  if (name.form === "uri" && base.form === "uri") return isUriWithin(name.value, base.value, side);
  if (name.form === "ip" && base.form === "ip") return isAddressWithin(name.value, base.value);
  if (name.form !== "directory" || base.form !== "directory") return null;
  return base.value.rdns.every((rdn, at) => rdn === name.value.rdns[at]);
}

/**
 * For Go, a host in a constraint on mail addresses or URIs includes all hosts below it; null for forms that it compares
 * as others do.
 */
function isBelowForGo(name: ComparableName, base: ComparableName): boolean | null {
  if (name.form === "email" && base.form === "email" && !base.value.includes("@"))
    return isDnsWithin(hostOfMail(name.value), base.value, "permitted");
  const host = name.form === "uri" ? hostOfUri(name.value) : null;
  return host !== null && base.form === "uri" ? isDnsWithin(host, base.value, "permitted") : null;
}

/**
 * A name is within itself, and within each name that it ends in. A constraint that begins with a dot, which RFC 5280
 * leaves open, is read as everybody reads it: only what is below. A wildcard stands for every host that it covers, so
 * that one that covers an excluded name is excluded too.
 */
function isDnsWithin(name: string, base: string, side: Side): boolean {
  const host = trimDot(name.toLowerCase());
  const parent = trimDot(base.toLowerCase());
  if (parent === "") return true;
  if (parent.startsWith(".")) return host.endsWith(parent);
  if (side === "excluded" && host.startsWith("*.") && parent.endsWith(host.slice(1))) return true;
  return host === parent || host.endsWith(`.${parent}`);
}

const trimDot = (name: string): string => (name.endsWith(".") ? name.slice(0, -1) : name);

const hostOfMail = (address: string): string => address.slice(address.lastIndexOf("@") + 1).toLowerCase();

/** A whole address, every address at a host, or by a leading dot at every host below it. */
function isEmailWithin(address: string, base: string): boolean {
  const at = address.lastIndexOf("@");
  const host = hostOfMail(address);
  const local = address.slice(0, Math.max(at, 0));
  const split = base.lastIndexOf("@");
  const baseHost = base.slice(split + 1).toLowerCase();
  if (split >= 0) return host === baseHost && local === base.slice(0, split);
  return baseHost.startsWith(".") ? host.endsWith(baseHost) : host === baseHost;
}

/** By the host of the URI, which must be a name: "any URI without one ... MUST be rejected" stands for both sides. */
function isUriWithin(uri: string, base: string, side: Side): boolean {
  const host = hostOfUri(uri);
  if (host === null) return side === "excluded";
  const baseHost = base.toLowerCase();
  return baseHost.startsWith(".") ? host.endsWith(baseHost) : host === baseHost;
}

function hostOfUri(uri: string): string | null {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(uri)?.[1];
  const host = authority
    ?.slice(authority.lastIndexOf("@") + 1)
    .replace(/:\d*$/, "")
    .toLowerCase();
  return host && !host.startsWith("[") && !/^[\d.]+$/.test(host) ? trimDot(host) : null;
}

/** The constraint is an address followed by its mask. */
function isAddressWithin(address: Uint8Array, base: Uint8Array): boolean {
  const size = base.length / 2;
  return (
    address.length === size &&
    address.every(
      (byte, at) => (byte & (base[size + at] ?? 0)) === ((base[at] ?? 0) & (base[size + at] ?? 0)),
    )
  );
}

/** A name for a sentence; strangers wrote it. */
function formatName(name: ComparableName): string {
  switch (name.form) {
    case "ip":
      return `the address ${printAddress(viewOf(name.value)) ?? "that is none"}`;
    case "directory":
      return "a subject";
    case "other":
      return `a name of the kind ${formatKind(name)}`;
    default:
      return `the name ${formatText(name.value).slice(0, 300)}`;
  }
}

/** Names listed in a sentence; a certificate may hold thousands. */
const NAMES_LISTED = 5;

/**
 * Why a certificate is not valid for the server `host`, a DNS name or an IP address; null if it is. Only subject
 * alternative names count (RFC 9525), as `isNamed` matches them.
 */
export function checkServerName(certificate: PathCertificate, host: string): ChainReason | null {
  const written = certificate.extensions.names ?? [];
  const names = written.flatMap(toListed);
  if (names.length === 0)
    return reasonAbout(
      certificate,
      "no-names",
      `names no server among its subject alternative names${formatOthers(written)}; a common name does not count`,
    );
  if (isNamed(host, written.filter(isAsCompared).flatMap(toListed))) return null;
  const listed = names.slice(0, NAMES_LISTED).map((name) => name.slice(0, 260));
  const more = names.length > listed.length ? ` and ${names.length - listed.length} more` : "";
  return reasonAbout(certificate, "name-mismatch", `is for ${listed.join(", ")}${more}, and not for ${host}`);
}

/** The kinds of names that cannot name a server. */
function formatOthers(written: readonly ComparableName[]): string {
  const kinds = [...new Set(written.map(kindOf))].slice(0, NAMES_LISTED);
  return kinds.length === 0 ? "" : `, which are of the kind ${kinds.join(", ")}`;
}

const kindOf = (name: ComparableName): string => (name.form === "other" ? formatKind(name) : name.form);

/** As certificates list their names; forms that cannot name a server are left out. */
function toListed(name: ComparableName): string[] {
  if (name.form === "dns") return [`DNS:${name.value}`];
  const address = name.form === "ip" ? printAddress(viewOf(name.value)) : null;
  return address === null ? [] : [`IP:${address}`];
}

/**
 * Whether the name is compared in the form that it is written in. False for a name or address that means another one
 * only after conversion, such as "bank" with a Japanese full stop, or an IPv4 address in IPv6: name constraints compare
 * what is written.
 */
const isAsCompared = (name: ComparableName): boolean =>
  name.form === "dns" ? isAscii(name.value) : !(name.form === "ip" && isMapped(name.value));

const isAscii = (value: string): boolean => /^[\x21-\x7e]+$/.test(value);

/** ::ffff:0:0/96 (RFC 4291, section 2.5.5.2). */
const isMapped = (address: Uint8Array): boolean =>
  address.length === 16 && address.every((byte, at) => at >= 12 || byte === (at < 10 ? 0 : 0xff));
