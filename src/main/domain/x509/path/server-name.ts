import { viewOf } from "#codec/der.ts";
import { isNamed } from "#domain/findings/match-name.ts";
import { printAddress } from "#domain/x509/general-names.ts";
import type { ChainReason } from "#shared/model/chain.ts";
import { reasonAbout } from "./chain-reason.ts";
import { type ComparableName, formatKind } from "./comparable-name.ts";
import type { PathCertificate } from "./path-certificate.ts";

/** Names told in a sentence; a certificate may hold thousands. */
const NAMES_TOLD = 5;

/**
 * Why a certificate does not stand for the server `wanted`, a DNS name or an IP address; null when it does.
 * Only subject alternative names count (RFC 9525), as `isNamed` matches them.
 */
export function checkServerName(certificate: PathCertificate, wanted: string): ChainReason | null {
  const written = certificate.extensions.names ?? [];
  const names = written.flatMap(toListed);
  if (names.length === 0)
    return reasonAbout(
      certificate,
      "no-names",
      `names no server among its subject alternative names${formatOthers(written)}; a common name does not count`,
    );
  if (isNamed(wanted, written.filter(isAsCompared).flatMap(toListed))) return null;
  const told = names.slice(0, NAMES_TOLD).map((name) => name.slice(0, 260));
  const more = names.length > told.length ? ` and ${names.length - told.length} more` : "";
  return reasonAbout(certificate, "name-mismatch", `is for ${told.join(", ")}${more}, and not for ${wanted}`);
}

/** The kinds of the names that no server is asked for by. */
function formatOthers(written: readonly ComparableName[]): string {
  const kinds = [...new Set(written.map(kindOf))].slice(0, NAMES_TOLD);
  return kinds.length === 0 ? "" : `, which are of the kind ${kinds.join(", ")}`;
}

const kindOf = (name: ComparableName): string => (name.form === "other" ? formatKind(name) : name.form);

/** As certificates list their names; forms that no server is asked for by are left out. */
function toListed(name: ComparableName): string[] {
  if (name.form === "dns") return [`DNS:${name.value}`];
  const address = name.form === "ip" ? printAddress(viewOf(name.value)) : null;
  return address === null ? [] : [`IP:${address}`];
}

/**
 * Not what stands for a name or an address only after it was turned into another form, as "bank" and a full stop of
 * Japanese do, or an IPv4 address in one of IPv6: name constraints compare what is written.
 */
const isAsCompared = (name: ComparableName): boolean =>
  name.form === "dns" ? isAscii(name.value) : !(name.form === "ip" && isMapped(name.value));

const isAscii = (value: string): boolean => /^[\x21-\x7e]+$/.test(value);

/** ::ffff:0:0/96 (RFC 4291, section 2.5.5.2). */
const isMapped = (address: Uint8Array): boolean =>
  address.length === 16 && address.every((byte, at) => at >= 12 || byte === (at < 10 ? 0 : 0xff));
