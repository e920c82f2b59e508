import { Button } from "@mantine/core";
import { IconCircleCheck, IconKey, IconPlus } from "@tabler/icons-react";
import { useState } from "react";
import { usePlanRequest } from "#renderer/api/plan-request.ts";
import { ScanButton } from "#renderer/api/scan-button.tsx";
import { Facet, FixedFacet, ToggleFacet } from "#renderer/ui/table/facet.tsx";
import { ListScreen } from "#renderer/ui/table/list-screen.tsx";
import { Nothing } from "#renderer/ui/table/nothing.tsx";
import { EFFECTIVE, OWNER, USE } from "#renderer/ui/verdict.tsx";
import type { GrantRow } from "#shared/model/grant.ts";
import { ApproveDialog } from "./approve-dialog.tsx";
import { COLUMNS } from "./columns.tsx";
import { GrantDrawer } from "./drawer.tsx";
import { GrantActions, useGrantKeys } from "./grant-actions.tsx";
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
] as const;

const idOf = ({ id }: GrantRow): string => String(id);

type Search = ReturnType<typeof route.useSearch>;

export function AccessPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { list, fetchAll } = useGrants(search);
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
      search={search.search ?? ""}
      searchHint="Search hosts, accounts, keys"
      onSearch={(text) => change({ search: text || undefined })}
      openId={search.open === undefined ? null : String(search.open)}
      onOpen={(id, { isWalk }) => change({ open: id === null ? undefined : Number(id) }, isWalk)}
      fetchAll={fetchAll}
      actions={(rows, clear) => (
        <>
          <ApproveAction grants={rows} onDone={clear} />
          <GrantActions grants={rows} look={{ variant: "subtle", size: "compact-sm" }} />
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
      {isAsking && <ApproveDialog grants={grants} onClose={() => setIsAsking(false)} onDone={onDone} />}
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
      onClick={() => requestPlan({ kind: "add-grants", key: "", places: [] })}
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
        title="Unmatched"
        count={standings?.unmatched}
        isOn={search.unmatched ?? false}
        onChange={(isOn) => onChange({ unmatched: isOn || undefined })}
      />
      {(baseline || search.rogue) && (
        <ToggleFacet
          title="New, not approved"
          count={baseline?.rogue}
          isOn={search.rogue ?? false}
          onChange={(isOn) => onChange({ rogue: isOn || undefined })}
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
