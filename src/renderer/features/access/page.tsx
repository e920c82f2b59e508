import { Button } from "@mantine/core";
import { IconCircleCheck, IconKey, IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { ApproveDialog } from "#renderer/api/approve.tsx";
import { GRANT_KEYS } from "#renderer/api/filter-keys.ts";
import { LabelRows } from "#renderer/api/labels-section.tsx";
import { ScanButton, usePlanRequest } from "#renderer/api/scan-button.tsx";
import { Inline, NameCell, TextCell } from "#renderer/ui/cells.tsx";
import { Fingerprint } from "#renderer/ui/fingerprint.tsx";
import { HostCell } from "#renderer/ui/host-name.tsx";
import { FindingCount } from "#renderer/ui/severity.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { Facet, FixedFacet, ToggleFacet } from "#renderer/ui/table/filters.tsx";
import { ListScreen, Nothing } from "#renderer/ui/table/list-screen.tsx";
import { EFFECTIVE, EffectiveTag, OrphanMark, OWNER, OwnerTag, USE, UseTag } from "#renderer/ui/verdict.tsx";
import { When } from "#renderer/ui/when.tsx";
import type { GrantRow, OrphanState } from "#shared/model/access/grant.ts";
import type { Labelled } from "#shared/model/label.ts";
import { formatKey } from "#shared/text/hosts/key.ts";
import { GrantActions, toApproved, useGrantKeys } from "./approval.tsx";
import { GrantDrawer } from "./drawer.tsx";
import { route, sortOf, useBaseline, useGrants, useStandings } from "./queries.ts";

const VERDICTS = (["yes", "no", "unknown"] as const).map((value) => ({
  value,
  label: EFFECTIVE[value].word,
}));

const OWNERS = (["known", "gone", "unknown"] as const).map((value) => ({ value, label: OWNER[value].word }));

const USES = (["used", "unused", "unknown"] as const).map((value) => ({ value, label: USE[value].word }));

const FIXED = [
  { name: "host", title: "Host" },
  { name: "account", title: "Account" },
  { name: "fingerprint", title: "Key" },
  { name: "type", title: "Key type" },
] as const;

/** Of lines of one key the key is labelled once; one that could not be read has no name. */
const toKeys = (rows: readonly GrantRow[]): Labelled[] =>
  [...new Set(rows.flatMap(({ fingerprint }) => fingerprint ?? []))].map((fingerprint) => ({
    kind: "key",
    fingerprint,
  }));

const idOf = ({ id }: GrantRow): string => String(id);

type Search = ReturnType<typeof route.useSearch>;

export function AccessPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { list, fetchAll, commands } = useGrants(search);
  const change = (patch: Partial<Search>, replace = true) =>
    void navigate({ to: ".", search: (before: Search) => ({ ...before, ...patch }), replace });

  return (
    <ListScreen
      name="grants"
      columns={COLUMNS}
      list={list}
      rowId={idOf}
      sort={sortOf(search)}
      onSort={({ by, descending }) => change({ sort: by as NonNullable<Search["sort"]>, descending })}
      address={search}
      filterKeys={GRANT_KEYS}
      searchHint="Search hosts, accounts, keys"
      onFilter={change}
      openId={search.open === undefined ? null : String(search.open)}
      onOpen={(id, { isWalk }) => change({ open: id === null ? undefined : Number(id) }, isWalk)}
      fetchAll={fetchAll}
      commands={commands}
      actions={(rows, clear) => (
        <>
          <ApproveAction grants={rows} onDone={clear} />
          <LabelRows things={toKeys(rows)} onDone={clear} />
          <GrantActions grants={rows} buttonProps={{ variant: "subtle", size: "compact-sm" }} />
        </>
      )}
      keys={useGrantKeys()}
      filters={
        <>
          <Filters search={search} onChange={change} />
          <AddGrant />
        </>
      }
      empty={<None search={search} onClear={() => void navigate({ to: ".", search: {} })} />}
      drawer={
        search.open !== undefined && (
          <GrantDrawer id={search.open} onClose={() => change({ open: undefined })} />
        )
      }
    />
  );
}

function ApproveAction({ grants, onDone }: { grants: readonly GrantRow[]; onDone: () => void }) {
  const [isAsking, setIsAsking] = useState(false);
  return (
    <>
      <Button
        variant="subtle"
        size="compact-sm"
        leftSection={<IconCircleCheck size={15} />}
        onClick={() => setIsAsking(true)}
      >
        Approve
      </Button>
      {isAsking && (
        <ApproveDialog things={grants.map(toApproved)} onClose={() => setIsAsking(false)} onDone={onDone} />
      )}
    </>
  );
}

function AddGrant() {
  const requestPlan = usePlanRequest();
  return (
    <Button
      variant="default"
      size="xs"
      h={30}
      leftSection={<IconPlus size={15} />}
      onClick={() => requestPlan({ kind: "add-grants", key: "", accounts: [] })}
    >
      Add a grant
    </Button>
  );
}

function Filters({ search, onChange }: { search: Search; onChange: (patch: Partial<Search>) => void }) {
  const standings = useStandings();
  const baseline = useBaseline();
  return (
    <>
      <ToggleFacet
        title="Orphaned"
        count={standings?.orphaned}
        isOn={search.orphaned ?? false}
        onChange={(isOn) => onChange({ orphaned: isOn || undefined })}
      />
      <ToggleFacet
        title="Private key not found"
        count={standings?.privateKeyNotFound}
        isOn={search.privateKeyNotFound ?? false}
        onChange={(isOn) => onChange({ privateKeyNotFound: isOn || undefined })}
      />
      {(baseline || search.unapproved) && (
        <ToggleFacet
          title="New, not approved"
          count={baseline?.unapproved}
          isOn={search.unapproved ?? false}
          onChange={(isOn) => onChange({ unapproved: isOn || undefined })}
        />
      )}
      <Facet
        title="Verdict"
        value={search.effective}
        options={VERDICTS}
        onChange={(effective) => onChange({ effective })}
      />
      <Facet title="Owner" value={search.owner} options={OWNERS} onChange={(owner) => onChange({ owner })} />
      <Facet title="Use" value={search.use} options={USES} onChange={(use) => onChange({ use })} />
      {FIXED.map(({ name, title }) => {
        const value = search[name];
        return (
          value && (
            <FixedFacet
              key={name}
              title={title}
              value={value}
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
      Icon={IconKey}
      one="grant"
      search={search}
      onClear={onClear}
      title="No grant seen yet"
      why="A grant is one line of an authorized_keys file. To read them, Latchkey logs in to a host over SSH."
      action={<ScanButton>Scan hosts</ScanButton>}
    />
  );
}

const COLUMNS: readonly Column<GrantRow>[] = [
  {
    id: "host",
    title: "Host",
    minWidth: 116,
    grow: 2,
    sortBy: "host",
    cell: ({ host, port }) => <HostCell host={host} port={port} />,
    text: ({ host }) => host,
  },
  {
    id: "account",
    title: "Account",
    minWidth: 96,
    grow: 1,
    sortBy: "account",
    cell: ({ account }) => <TextCell text={account} />,
    text: ({ account }) => account,
  },
  {
    id: "effective",
    title: "Verdict",
    minWidth: 124,
    sortBy: "effective",
    cell: ({ verdict }) => <EffectiveTag state={verdict.effective.state} />,
    text: ({ verdict }) => verdict.effective.state,
  },
  {
    id: "why",
    title: "Why",
    minWidth: 240,
    grow: 4,
    cell: ({ why: [first], orphaned }) => (
      <Inline>
        {orphaned && <OrphanMark />}
        <TextCell text={first ?? ""} isDim />
      </Inline>
    ),
    text: ({ why, orphan }) => [...(orphan === null ? [] : [TEXT_OF_ORPHAN[orphan]]), ...why].join("; "),
  },
  {
    id: "key",
    title: "Key",
    minWidth: 112,
    grow: 1,
    sortBy: "keyType",
    cell: (row) => <TextCell text={formatKey(row)} />,
    text: formatKey,
  },
  {
    id: "comment",
    title: "Comment",
    minWidth: 118,
    grow: 2,
    sortBy: "comment",
    cell: ({ comment }) => <TextCell text={comment} />,
    text: ({ comment }) => comment,
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
    minWidth: 150,
    cell: ({ verdict: { owner } }) => <OwnerTag state={owner.state} who={owner.who} />,
    text: ({ verdict }) => verdict.owner.state,
  },
  {
    id: "use",
    title: "Use",
    minWidth: 116,
    cell: ({ verdict: { use } }) => <UseTag state={use.state} evidence={use.evidence} />,
    text: ({ verdict }) => verdict.use.state,
  },
  {
    id: "fingerprint",
    title: "Fingerprint",
    minWidth: 196,
    sortBy: "fingerprint",
    cell: ({ fingerprint }) => (fingerprint === null ? "" : <Fingerprint value={fingerprint} />),
    text: ({ fingerprint }) => fingerprint ?? "",
  },
  {
    id: "options",
    title: "Options",
    minWidth: 140,
    grow: 1,
    cell: ({ options }) => <TextCell text={options} isMono />,
    text: ({ options }) => options,
  },
  {
    id: "place",
    title: "File and line",
    minWidth: 230,
    grow: 1,
    cell: ({ file, line }) => <NameCell name={file} more={`line ${line}`} />,
    text: ({ file, line }) => `${file}:${line}`,
  },
  {
    id: "firstSeen",
    title: "First seen",
    minWidth: 112,
    cell: ({ firstSeen }) => <When instant={firstSeen} />,
    text: ({ firstSeen }) => firstSeen,
  },
];

const TEXT_OF_ORPHAN: Record<OrphanState, string> = {
  gone: "orphaned (gone)",
  unused: "orphaned (unused)",
  "private-key-not-found": "orphaned (private key not found)",
  unknown: "orphan: unknown",
};
