import { NameCell, NumberCell, TextCell } from "#renderer/ui/cells.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import { FindingCount } from "#renderer/ui/severity.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { ExpiryTag, LifetimeBar } from "#renderer/ui/when.tsx";
import type { CertificateRow, Place } from "#shared/model/certificate.ts";
import { sayKey } from "#shared/text/key-size.ts";
import { sayPlace } from "#shared/text/target.ts";
import classes from "./certificates.module.css";

/** What people call it: its common name, or its first name, or its whole subject. */
export const nameOf = ({ commonName, names, subject }: CertificateRow): string =>
  commonName ?? names[0]?.replace(/^[A-Za-z]+:/, "") ?? (subject || "no subject");

const otherNames = (row: CertificateRow): string => {
  const own = nameOf(row);
  return row.names
    .map((name) => name.replace(/^[A-Za-z]+:/, ""))
    .filter((name) => name !== own)
    .join(", ");
};

/** The common name of an issuer, which is what tells issuers apart; the whole name where there is none. */
const issuerOf = ({ issuer, isSelfIssued }: CertificateRow): string =>
  isSelfIssued
    ? "itself"
    : (/(?:^|,)CN=((?:\\.|[^,\\+])+)/.exec(issuer)?.[1]?.replaceAll(/\\(.)/g, "$1") ?? issuer);

export const sayWhere = (place: Place): string =>
  place.kind === "endpoint" ? sayPlace(place) : `${place.host} ${place.path}`;

export const COLUMNS: readonly Column<CertificateRow>[] = [
  {
    id: "subject",
    title: "Certificate",
    minWidth: 240,
    grow: 3,
    sortBy: "subject",
    cell: (row) => <NameCell name={nameOf(row)} more={otherNames(row)} />,
    text: ({ subject, names }) => [subject, ...names].join(" "),
  },
  {
    id: "expires",
    title: "Expires",
    minWidth: 176,
    sortBy: "notAfter",
    cell: ({ notBefore, notAfter }) => (
      <span className={classes.expires}>
        <ExpiryTag notAfter={notAfter} />
        <LifetimeBar notBefore={notBefore} notAfter={notAfter} />
      </span>
    ),
    text: ({ notAfter }) => notAfter ?? "",
  },
  {
    id: "findings",
    title: "Findings",
    minWidth: 118,
    cell: ({ findings }) => <FindingCount findings={findings} />,
    text: ({ findings }) => findings.map(({ rule }) => rule).join(" "),
  },
  {
    id: "issuer",
    title: "Issuer",
    minWidth: 140,
    grow: 1,
    sortBy: "issuer",
    cell: (row) => <TextCell text={issuerOf(row)} isDim={row.isSelfIssued} />,
    text: ({ issuer }) => issuer,
  },
  {
    id: "key",
    title: "Key",
    minWidth: 108,
    sortBy: "keyType",
    cell: (row) => <TextCell text={sayKey(row)} />,
    text: sayKey,
  },
  {
    id: "places",
    title: "Seen at",
    minWidth: 170,
    grow: 2,
    cell: ({ places, placeCount }) => <PlacesCell places={places} count={placeCount} />,
    text: ({ places }) => places.map(sayWhere).join("; "),
  },
  {
    id: "placeCount",
    title: "Places",
    minWidth: 72,
    isNumber: true,
    sortBy: "placeCount",
    cell: ({ placeCount }) => <NumberCell value={placeCount} />,
    text: ({ placeCount }) => String(placeCount),
  },
  {
    id: "sha256",
    title: "SHA-256",
    minWidth: 168,
    cell: ({ sha256 }) => <Fingerprint value={sha256} />,
    text: ({ sha256 }) => sha256,
  },
];

function PlacesCell({ places: [first], count }: { places: readonly Place[]; count: number }) {
  if (!first) return null;
  return <NameCell name={sayWhere(first)} {...(count > 1 ? { more: `+${count - 1}` } : {})} />;
}
