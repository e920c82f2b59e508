import { Button } from "@mantine/core";
import { IconCertificate, IconChecklist, IconKey } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { Facet } from "#renderer/ui/table/facet.tsx";
import { ListScreen } from "#renderer/ui/table/list-screen.tsx";
import { Nothing } from "#renderer/ui/table/nothing.tsx";
import { PlanKind } from "#shared/model/plan.ts";
import { RunId, type RunRow, RunState } from "#shared/model/run.ts";
import { COLUMNS } from "./columns.tsx";
import { OpenPlan } from "./open-plan.tsx";
import { route, sortOf, useRuns } from "./queries.ts";
import { RunDrawer } from "./run-drawer.tsx";
import { RUN_STATES } from "./run-state.tsx";
import { KINDS } from "./words.ts";

const STATES = RunState.options.map((value) => ({ value, label: RUN_STATES[value].word }));
const KIND_OPTIONS = PlanKind.options.map((value) => ({ value, label: KINDS[value] }));

const idOf = ({ id }: RunRow): string => String(id);

type Search = ReturnType<typeof route.useSearch>;

/** What was changed on hosts, and is being changed: the newest first. */
export function RunbooksPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { list, fetchAll } = useRuns(search);
  const change = (patch: Partial<Search>, replace = true) =>
    void navigate({ to: ".", search: (before: Search) => ({ ...before, ...patch }), replace });

  return (
    <ListScreen
      name="runs"
      columns={COLUMNS}
      list={list}
      rowId={idOf}
      sort={sortOf(search)}
      onSort={({ by, descending }) => change({ sort: by as NonNullable<Search["sort"]>, descending })}
      search={search.search ?? ""}
      searchHint="Search runs and keys"
      onSearch={(text) => change({ search: text || undefined })}
      openId={search.open === undefined ? null : String(search.open)}
      onOpen={(id, { isWalk }) => change({ open: id === null ? undefined : Number(id) }, isWalk)}
      fetchAll={fetchAll}
      filters={
        <>
          <Facet
            title="State"
            value={search.state}
            options={STATES}
            onChange={(state) => change({ state })}
          />
          <Facet
            title="Kind"
            value={search.kind}
            options={KIND_OPTIONS}
            onChange={(kind) => change({ kind })}
          />
          <OpenPlan />
        </>
      }
      empty={<None search={search} onClear={() => void navigate({ to: ".", search: {} })} />}
      drawer={
        search.open !== undefined && (
          <RunDrawer
            key={search.open}
            runId={RunId.parse(search.open)}
            tab={search.tab}
            onTab={(tab) => change({ tab })}
            onClose={() => change({ open: undefined, tab: undefined })}
          />
        )
      }
    />
  );
}

function None({ search, onClear }: { search: Search; onClear: () => void }) {
  return (
    <Nothing
      Icon={IconChecklist}
      one="run"
      search={search}
      onClear={onClear}
      title="Nothing was changed yet"
      why="Changes appear here before anything is written. Rotate a key, renew a certificate or remove a grant: that makes a plan to look at first."
      action={
        <>
          <Button
            size="xs"
            leftSection={<IconKey size={15} />}
            renderRoot={(props) => <Link to="/access" {...props} />}
          >
            Choose a key
          </Button>
          <Button
            size="xs"
            variant="default"
            leftSection={<IconCertificate size={15} />}
            renderRoot={(props) => <Link to="/certificates" {...props} />}
          >
            Choose a certificate
          </Button>
        </>
      }
    />
  );
}
