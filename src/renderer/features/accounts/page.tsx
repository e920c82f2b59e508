import { Button } from "@mantine/core";
import { IconCircleCheck, IconUserCog, IconUserOff } from "@tabler/icons-react";
import { useState } from "react";
import { ApproveDialog, type ApprovedThing } from "#renderer/api/approve.tsx";
import { LabelRows } from "#renderer/api/labels-section.tsx";
import { ScanButton, usePlanRequest } from "#renderer/api/scan-button.tsx";
import { ACCOUNT_KINDS, AccountKindTag, RootTag } from "#renderer/ui/account.tsx";
import { Dim, NameCell, NumberCell, TextCell } from "#renderer/ui/cells.tsx";
import { HostCell } from "#renderer/ui/host-name.tsx";
import { RiskMarks } from "#renderer/ui/risk.tsx";
import { FindingCount } from "#renderer/ui/severity.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { Facet, FixedFacet, ToggleFacet } from "#renderer/ui/table/filters.tsx";
import { ListScreen, Nothing } from "#renderer/ui/table/list-screen.tsx";
import { beginLarge } from "#renderer/ui/text.tsx";
import { useNow, When } from "#renderer/ui/when.tsx";
import { AccountKind, type AccountRow, RootStanding } from "#shared/model/access/account.ts";
import type { Labelled } from "#shared/model/label.ts";
import { formatEntry, formatWhy, ROOT_WORDS } from "#shared/text/access/account.ts";
import { formatRisk } from "#shared/text/access/risk.ts";
import { formatAccount } from "#shared/text/hosts/target.ts";
import { AccountDrawer } from "./drawer.tsx";
import { route, sortOf, useAccounts, useBaseline, useFilterKeys } from "./queries.ts";

const KINDS = AccountKind.options.map((value) => ({ value, label: ACCOUNT_KINDS[value].word }));

const STANDINGS = RootStanding.options.map((value) => ({
  value,
  label: beginLarge(ROOT_WORDS[value] || "no root"),
}));

const toThing = ({ host, port, name }: AccountRow): Labelled => ({ kind: "account", host, port, name });

const idOf = ({ id }: AccountRow): string => String(id);

type Search = ReturnType<typeof route.useSearch>;

export function AccountsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { list, fetchAll, commands } = useAccounts(search);
  const change = (patch: Partial<Search>, replace = true) =>
    void navigate({ to: ".", search: (before: Search) => ({ ...before, ...patch }), replace });

  return (
    <ListScreen
      name="accounts"
      columns={COLUMNS}
      list={list}
      rowId={idOf}
      sort={sortOf(search)}
      onSort={({ by, descending }) => change({ sort: by as NonNullable<Search["sort"]>, descending })}
      address={search}
      filterKeys={useFilterKeys()}
      searchHint="Search accounts, homes, hosts"
      onFilter={change}
      openId={search.open === undefined ? null : String(search.open)}
      onOpen={(id, { isWalk }) => change({ open: id === null ? undefined : Number(id) }, isWalk)}
      fetchAll={fetchAll}
      commands={commands}
      actions={(rows, clear) => <RowActions accounts={rows} onDone={clear} />}
      filters={<Filters search={search} onChange={change} />}
      empty={<None search={search} onClear={() => void navigate({ to: ".", search: {} })} />}
      drawer={
        search.open !== undefined && (
          <AccountDrawer id={search.open} onClose={() => change({ open: undefined })} />
        )
      }
    />
  );
}

/** What is done with several accounts at once. */
function RowActions({ accounts, onDone }: { accounts: readonly AccountRow[]; onDone: () => void }) {
  const requestPlan = usePlanRequest();
  const [isAsking, setIsAsking] = useState(false);
  const things = accounts.map((account): ApprovedThing => {
    const { id, host, port, name } = account;
    return { kind: "account", id, name: formatAccount({ account: name, host, port }), approval: null };
  });
  return (
    <>
      <LabelRows things={accounts.map(toThing)} onDone={onDone} />
      <Button
        variant="subtle"
        size="compact-sm"
        leftSection={<IconCircleCheck size={15} />}
        onClick={() => setIsAsking(true)}
      >
        Approve
      </Button>
      <Button
        variant="subtle"
        size="compact-sm"
        leftSection={<IconUserOff size={15} />}
        onClick={() =>
          requestPlan({
            kind: "disable-account",
            accounts: accounts.map(({ host, port, name }) => ({ host, port, account: name })),
          })
        }
      >
        Disable
      </Button>
      {isAsking && <ApproveDialog things={things} onClose={() => setIsAsking(false)} onDone={onDone} />}
    </>
  );
}

function Filters({ search, onChange }: { search: Search; onChange: (patch: Partial<Search>) => void }) {
  const baseline = useBaseline();
  return (
    <>
      <Facet title="Kind" value={search.kind} options={KINDS} onChange={(kind) => onChange({ kind })} />
      <Facet title="Root" value={search.root} options={STANDINGS} onChange={(root) => onChange({ root })} />
      <ToggleFacet
        title="No owner"
        count={undefined}
        isOn={search.owner === ""}
        onChange={(isOn) => onChange({ owner: isOn ? "" : undefined })}
      />
      <ToggleFacet
        title="No purpose"
        count={undefined}
        isOn={search.lacksPurpose === true}
        onChange={(isOn) => onChange({ lacksPurpose: isOn ? true : undefined })}
      />
      {search.environment !== undefined && (
        <FixedFacet
          title="Environment"
          value={search.environment || "not known"}
          onDrop={() => onChange({ environment: undefined })}
        />
      )}
      {(baseline || search.unapproved) && (
        <ToggleFacet
          title="New, not approved"
          count={undefined}
          isOn={search.unapproved ?? false}
          onChange={(isOn) => onChange({ unapproved: isOn || undefined })}
        />
      )}
      {search.owner && (
        <FixedFacet title="Owner" value={search.owner} onDrop={() => onChange({ owner: undefined })} />
      )}
      {search.host && (
        <FixedFacet title="Host" value={search.host} onDrop={() => onChange({ host: undefined })} />
      )}
    </>
  );
}

function None({ search, onClear }: { search: Search; onClear: () => void }) {
  return (
    <Nothing
      Icon={IconUserCog}
      one="account"
      search={search}
      onClear={onClear}
      title="No account seen yet"
      why="An account is one login of one host: a person's, a service's or a machine's. To read them, Latchkey logs in to a host over SSH."
      action={<ScanButton>Scan hosts</ScanButton>}
    />
  );
}

function EntryCell({ row }: { row: AccountRow }) {
  return <TextCell text={formatEntry(row, useNow())} />;
}

const COLUMNS: readonly Column<AccountRow>[] = [
  {
    id: "host",
    title: "Host",
    minWidth: 110,
    grow: 2,
    sortBy: "host",
    cell: ({ host, port }) => <HostCell host={host} port={port} />,
    text: ({ host }) => host,
  },
  {
    id: "name",
    title: "Account",
    minWidth: 104,
    grow: 1,
    sortBy: "name",
    cell: ({ name }) => <NameCell name={name} />,
    text: ({ name }) => name,
  },
  {
    id: "uid",
    title: "UID",
    minWidth: 54,
    isNumber: true,
    cell: ({ uid }) => <span>{uid}</span>,
    text: ({ uid }) => String(uid),
  },
  {
    id: "kind",
    title: "Kind",
    minWidth: 98,
    sortBy: "kind",
    cell: ({ kind }) => <AccountKindTag kind={kind} />,
    text: ({ kind }) => kind,
  },
  {
    id: "root",
    title: "Root",
    minWidth: 144,
    sortBy: "root",
    cell: ({ root }) => <RootTag root={root} />,
    text: ({ root }) => ROOT_WORDS[root],
  },
  {
    id: "risk",
    title: "Risk",
    minWidth: 148,
    sortBy: "risk",
    cell: ({ risk }) => <RiskMarks risk={risk} />,
    text: ({ risk }) => formatRisk(risk),
  },
  {
    id: "findings",
    title: "Findings",
    minWidth: 106,
    cell: ({ findings }) => <FindingCount findings={findings} />,
    text: ({ findings }) => findings.map(({ rule }) => rule).join(" "),
  },
  {
    id: "owner",
    title: "Owner",
    minWidth: 84,
    grow: 1,
    cell: ({ owner }) => <TextCell text={owner} />,
    text: ({ owner }) => owner,
  },
  {
    id: "entry",
    title: "Entered by",
    minWidth: 132,
    sortBy: "grantCount",
    cell: (row) => <EntryCell row={row} />,
    text: (row) => formatEntry(row, new Date()),
  },
  {
    id: "lastLogin",
    title: "Last login",
    minWidth: 98,
    sortBy: "lastLoginAt",
    cell: ({ lastLoginAt }) =>
      lastLoginAt === null ? <Dim>none logged</Dim> : <When instant={lastLoginAt} />,
    text: ({ lastLoginAt }) => lastLoginAt ?? "",
  },
  {
    id: "runs",
    title: "Runs",
    minWidth: 56,
    isNumber: true,
    cell: ({ workloadCount }) => <NumberCell value={workloadCount} />,
    text: ({ workloadCount }) => String(workloadCount),
  },
  {
    id: "why",
    title: "Why",
    minWidth: 160,
    grow: 4,
    cell: (row) => <TextCell text={formatWhy(row)} isDim />,
    text: formatWhy,
  },
  {
    id: "environment",
    title: "Environment",
    minWidth: 92,
    cell: ({ environment }) => <TextCell text={environment} />,
    text: ({ environment }) => environment,
  },
  {
    id: "purpose",
    title: "Purpose",
    minWidth: 96,
    grow: 2,
    cell: ({ purpose }) => <TextCell text={purpose} />,
    text: ({ purpose }) => purpose,
  },
];
