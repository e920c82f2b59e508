import { IconCertificate } from "@tabler/icons-react";
import { LabelRows } from "#renderer/api/labels-section.tsx";
import { ScanButton } from "#renderer/api/scan-button.tsx";
import { Dim, Inline, NameCell, TextCell } from "#renderer/ui/cells.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import { OfHostCell } from "#renderer/ui/host-name.tsx";
import { FindingCount } from "#renderer/ui/severity.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { Facet, FixedFacet } from "#renderer/ui/table/filters.tsx";
import { ListScreen, Nothing } from "#renderer/ui/table/list-screen.tsx";
import { ExpiryTag, LifetimeBar } from "#renderer/ui/when.tsx";
import type { CertificateLocation, CertificateRow } from "#shared/model/certificates/certificate.ts";
import type { Labelled } from "#shared/model/label.ts";
import { formatKey } from "#shared/text/hosts/key.ts";
import classes from "./certificates.module.css";
import { CertificateDrawer, nameOf, RenewAction, RenewDue, useCertificateKeys } from "./drawer.tsx";
import { formatWhere } from "./locations-tab.tsx";
import { route, sortOf, useCertificates, useFilterKeys } from "./queries.ts";

const WITHIN = [
  { value: 0, label: "expired" },
  { value: 7, label: "7 days" },
  { value: 30, label: "30 days" },
  { value: 90, label: "90 days" },
];
const ROLES = [
  { value: "leaf" as const, label: "end entity" },
  { value: "authority" as const, label: "authority" },
];
const LOCATIONS = [
  { value: "endpoint" as const, label: "endpoint" },
  { value: "file" as const, label: "file" },
];

/** `shown`: replaces a value that means nothing to people, such as a row's number. */
const FIXED: readonly {
  name: "host" | "spki" | "violation" | "owner" | "owned" | "tag" | "type" | "issuer";
  title: string;
  shown?: string;
}[] = [
  { name: "host", title: "Host" },
  { name: "spki", title: "Key" },
  { name: "violation", title: "Broken rules", shown: "those of one finding" },
  { name: "owner", title: "Owner" },
  { name: "owned", title: "Has an owner", shown: "yes" },
  { name: "tag", title: "Tag" },
  { name: "type", title: "Key type" },
  { name: "issuer", title: "Issuer" },
];

const toThing = ({ sha256 }: CertificateRow): Labelled => ({ kind: "certificate", sha256 });

const idOf = ({ sha256 }: CertificateRow): string => sha256;

type Search = ReturnType<typeof route.useSearch>;

export function CertificatesPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { list, fetchAll, commands } = useCertificates(search);
  const keys = useFilterKeys();
  const change = (patch: Partial<Search>, replace = true) =>
    void navigate({ to: ".", search: (before: Search) => ({ ...before, ...patch }), replace });

  return (
    <ListScreen
      name="certificates"
      columns={COLUMNS}
      list={list}
      rowId={idOf}
      sort={sortOf(search)}
      onSort={({ by, descending }) => change({ sort: by as NonNullable<Search["sort"]>, descending })}
      address={search}
      filterKeys={keys}
      searchHint="Search names, issuers, SHA-256"
      onFilter={change}
      openId={search.open ?? null}
      onOpen={(id, { isWalk }) => change({ open: id ?? undefined }, isWalk)}
      fetchAll={fetchAll}
      commands={commands}
      actions={(rows, clear) => (
        <>
          <LabelRows things={rows.map(toThing)} onDone={clear} />
          <RenewAction certificates={rows} buttonProps={{ variant: "subtle", size: "compact-sm" }} />
        </>
      )}
      keys={useCertificateKeys()}
      filters={
        <>
          <Filters search={search} onChange={change} />
          <RenewDue />
        </>
      }
      empty={<None search={search} onClear={() => void navigate({ to: ".", search: {} })} />}
      drawer={
        search.open && (
          <CertificateDrawer
            sha256={search.open}
            tab={search.tab}
            onTab={(tab) => change({ tab })}
            onClose={() => change({ open: undefined })}
          />
        )
      }
    />
  );
}

function Filters({ search, onChange }: { search: Search; onChange: (patch: Partial<Search>) => void }) {
  return (
    <>
      <Facet
        title="Expires"
        value={search.within}
        options={WITHIN}
        onChange={(within) => onChange({ within })}
      />
      <Facet title="Role" value={search.role} options={ROLES} onChange={(role) => onChange({ role })} />
      <Facet
        title="Location"
        value={search.location}
        options={LOCATIONS}
        onChange={(location) => onChange({ location })}
      />
      {FIXED.map(({ name, title, shown }) => {
        const value = search[name];
        return (
          value !== undefined && (
            <FixedFacet
              key={name}
              title={title}
              value={value === "" ? "none" : (shown ?? String(value))}
              onDrop={() => onChange({ [name]: undefined })}
            />
          )
        );
      })}
    </>
  );
}

function None({ search, onClear }: { search: Search; onClear: () => void }) {
  return (
    <Nothing
      Icon={IconCertificate}
      one="certificate"
      search={search}
      onClear={onClear}
      title="No certificate seen yet"
      why="Certificates come from endpoints that speak TLS, and from files on hosts that a scan can read."
      action={<ScanButton>Scan endpoints</ScanButton>}
    />
  );
}

const otherNames = (row: CertificateRow): string => {
  const own = nameOf(row);
  return row.names
    .map((name) => name.replace(/^[A-Za-z]+:/, ""))
    .filter((name) => name !== own)
    .join(", ");
};

/** The common name of an issuer, by which people distinguish issuers; the whole name where there is none. */
const issuerOf = ({ issuer, isSelfIssued }: CertificateRow): string =>
  isSelfIssued
    ? "itself"
    : (/(?:^|,)CN=((?:\\.|[^,\\+])+)/.exec(issuer)?.[1]?.replaceAll(/\\(.)/g, "$1") ?? issuer);

const COLUMNS: readonly Column<CertificateRow>[] = [
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
    id: "locations",
    title: "Seen at",
    minWidth: 150,
    grow: 2,
    sortBy: "locationCount",
    cell: ({ locations, locationCount }) => <LocationsCell locations={locations} count={locationCount} />,
    text: ({ locations }) => locations.map(formatWhere).join("; "),
  },
  {
    id: "sha256",
    title: "SHA-256",
    minWidth: 158,
    cell: ({ sha256 }) => <Fingerprint value={sha256} />,
    text: ({ sha256 }) => sha256,
  },
];

function LocationsCell({
  locations: [first],
  count,
}: {
  locations: readonly CertificateLocation[];
  count: number;
}) {
  if (!first) return null;
  return (
    <Inline>
      <OfHostCell text={formatWhere(first)} host={first.host} />
      {count > 1 && <Dim>+{(count - 1).toLocaleString("en")}</Dim>}
    </Inline>
  );
}
