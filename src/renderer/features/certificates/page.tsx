import { IconCertificate } from "@tabler/icons-react";
import { ScanButton } from "#renderer/api/scan-button.tsx";
import { Facet, FixedFacet } from "#renderer/ui/table/facet.tsx";
import { ListScreen } from "#renderer/ui/table/list-screen.tsx";
import { Nothing } from "#renderer/ui/table/nothing.tsx";
import type { CertificateRow } from "#shared/model/certificate.ts";
import { COLUMNS } from "./columns.tsx";
import { CertificateDrawer } from "./drawer.tsx";
import { route, sortOf, useCertificates } from "./queries.ts";
import { RenewAction, RenewDue, useCertificateKeys } from "./renew-action.tsx";

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
const PLACES = [
  { value: "endpoint" as const, label: "endpoint" },
  { value: "file" as const, label: "file" },
];

/** `shown`: what stands for a value that says nothing to anybody, such as the number of a row. */
const FIXED: readonly {
  name: "host" | "spki" | "violation" | "owner" | "tag";
  title: string;
  shown?: string;
}[] = [
  { name: "host", title: "Host" },
  { name: "spki", title: "Key" },
  { name: "violation", title: "Broken rules", shown: "those of one finding" },
  { name: "owner", title: "Owner" },
  { name: "tag", title: "Tag" },
];

const idOf = ({ sha256 }: CertificateRow): string => sha256;

type Search = ReturnType<typeof route.useSearch>;

export function CertificatesPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { list, fetchAll } = useCertificates(search);
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
      search={search.search ?? ""}
      searchHint="Search names, issuers, SHA-256"
      onSearch={(text) => change({ search: text || undefined })}
      openId={search.open ?? null}
      onOpen={(id, { isWalk }) => change({ open: id ?? undefined }, isWalk)}
      fetchAll={fetchAll}
      actions={(rows) => <RenewAction certificates={rows} look={{ variant: "subtle", size: "compact-sm" }} />}
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
      <Facet title="Place" value={search.place} options={PLACES} onChange={(place) => onChange({ place })} />
      {FIXED.map(({ name, title, shown }) => {
        const value = search[name];
        return (
          value !== undefined &&
          value !== "" && (
            <FixedFacet
              key={name}
              title={title}
              value={shown ?? String(value)}
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
