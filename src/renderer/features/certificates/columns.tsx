import { Dim, NameCell, Pair, TextCell } from "#renderer/ui/cells.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import { FindingCount } from "#renderer/ui/severity.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { ExpiryTag, LifetimeBar } from "#renderer/ui/when.tsx";
import type { CertificateRow, Place } from "#shared/model/certificate.ts";
import { formatKey } from "#shared/text/key-size.ts";
import { formatEndpoint } from "#shared/text/target.ts";
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

export const formatWhere = (place: Place): string =>
  place.kind === "endpoint" ? formatEndpoint({ ...place, serverName: null }) : `${place.host} ${place.path}`;

export const COLUMNS: readonly Column<CertificateRow>[] = [
  {
    id: "subject",
    title: "Certificate",
    minWidth: 204,
    grow: 3,
    sortBy: "subject",
    cell: (row) => <NameCell name={nameOf(row)} more={otherNames(row)} />,
    text: ({ subject, names }) => [subject, ...names].join(" "),
  },
  {
    id: "expires",
    title: "Expires",
    minWidth: 166,
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
    minWidth: 112,
    cell: ({ findings }) => <FindingCount findings={findings} />,
    text: ({ findings }) => findings.map(({ rule }) => rule).join(" "),
  },
  {
    id: "issuer",
    title: "Issuer",
    minWidth: 122,
    grow: 1,
    sortBy: "issuer",
    cell: (row) => <TextCell text={issuerOf(row)} isDim={row.isSelfIssued} />,
    text: ({ issuer }) => issuer,
  },
  {
    id: "key",
    title: "Key",
    minWidth: 96,
    sortBy: "keyType",
    cell: (row) => <TextCell text={formatKey(row)} />,
    text: formatKey,
  },
  {
    id: "places",
    title: "Seen at",
    minWidth: 150,
    grow: 2,
    sortBy: "placeCount",
    cell: ({ places, placeCount }) => <PlacesCell places={places} count={placeCount} />,
    text: ({ places }) => places.map(formatWhere).join("; "),
  },
  {
    id: "sha256",
    title: "SHA-256",
    minWidth: 158,
    cell: ({ sha256 }) => <Fingerprint value={sha256} />,
    text: ({ sha256 }) => sha256,
  },
];

function PlacesCell({ places: [first], count }: { places: readonly Place[]; count: number }) {
  if (!first) return null;
  return (
    <Pair>
      <TextCell text={formatWhere(first)} />
      {count > 1 && <Dim>+{(count - 1).toLocaleString("en")}</Dim>}
    </Pair>
  );
}
