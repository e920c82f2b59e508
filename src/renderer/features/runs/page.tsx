import { ActionIcon, Button } from "@mantine/core";
import { IconCertificate, IconChecklist, IconKey, IconTrash } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { RUN_KEYS } from "#renderer/api/filter-keys.ts";
import { Dim, Inline, NameCell, NumberCell, TextCell } from "#renderer/ui/cells.tsx";
import { HostCell } from "#renderer/ui/host-name.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { Facet } from "#renderer/ui/table/filters.tsx";
import { ListScreen, Nothing } from "#renderer/ui/table/list-screen.tsx";
import { formatUntrusted, TextLink, Untrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { When } from "#renderer/ui/when.tsx";
import { MOST_OPEN_PLANS } from "#shared/contract/runs.ts";
import { PlanKind } from "#shared/model/runs/plan.ts";
import { RunId, type RunRow, RunState } from "#shared/model/runs/run.ts";
import { formatCount, formatNumber } from "#shared/text/count.ts";
import { formatHost } from "#shared/text/hosts/target.ts";
import { OpenPlan } from "./plan-file.tsx";
import { route, sortOf, useDropPlan, useOpenPlans, useRuns } from "./queries.ts";
import { RunDrawer } from "./run-drawer.tsx";
import { formatProgress, LineCounts, RUN_STATES, RunBar, RunStateTag } from "./run-state.tsx";
import classes from "./runs.module.css";
import { KINDS } from "./words.ts";

const STATES = RunState.options.map((value) => ({ value, label: RUN_STATES[value].word }));
const KIND_OPTIONS = PlanKind.options.map((value) => ({ value, label: KINDS[value] }));

const idOf = ({ id }: RunRow): string => String(id);

type Search = ReturnType<typeof route.useSearch>;

/** What was changed on hosts, and is being changed: the newest first. */
export function RunsPage() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { list, fetchAll, commands } = useRuns(search);
  const change = (patch: Partial<Search>, replace = true) =>
    void navigate({ to: ".", search: (before: Search) => ({ ...before, ...patch }), replace });

  return (
    <div className={classes.page}>
      <OpenPlans search={search.search ?? ""} />
      <ListScreen
        name="runs"
        columns={COLUMNS}
        list={list}
        rowId={idOf}
        sort={sortOf(search)}
        onSort={({ by, descending }) => change({ sort: by as NonNullable<Search["sort"]>, descending })}
        address={search}
        filterKeys={RUN_KEYS}
        searchHint="Search runs, hosts and keys"
        onFilter={change}
        openId={search.open === undefined ? null : String(search.open)}
        onOpen={(id, { isWalk }) => change({ open: id === null ? undefined : Number(id) }, isWalk)}
        fetchAll={fetchAll}
        commands={commands}
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
    </div>
  );
}

/**
 * Plans that were made and not applied: they are as good as what the hosts had then. Those that a search of runs finds, too,
 * are open.
 */
function OpenPlans({ search }: { search: string }) {
  const { data: plans = [] } = useOpenPlans(search);
  const { mutate } = useDropPlan();
  if (plans.length === 0) return null;
  return (
    <details key={String(search !== "")} className={classes.openPlans} open={search !== ""}>
      <summary>
        {plans.length === MOST_OPEN_PLANS && "The newest "}
        {formatCount(plans.length, "plan")} not applied
      </summary>
      <ul>
        {plans.map(({ id, title, madeAt, ...on }) => (
          <li key={id} className={classes.openPlan}>
            <TextLink>
              <Link to="/runs/plan" search={{ id }}>
                <Untrusted text={title} limit={120} isCut />
              </Link>
            </TextLink>
            <span className={classes.dim}>
              <OnHosts {...on} />
            </span>
            <span className={classes.dim}>
              <When instant={madeAt} />
            </span>
            <ActionIcon
              variant="subtle"
              color="gray"
              size={24}
              aria-label={`Drop plan ${id}`}
              title="Drop it"
              onClick={() =>
                mutate({ planId: id }, { onError: (error) => toast(formatUntrusted(error.message)) })
              }
            >
              <IconTrash size={15} />
            </ActionIcon>
          </li>
        ))}
      </ul>
    </details>
  );
}

/** The hosts that a run or a plan changes: the first by name, and how many more. */
function OnHosts({ hosts, firstHost }: Pick<RunRow, "hosts" | "firstHost">) {
  if (firstHost === null) return <NumberCell value={hosts} />;
  return (
    <Inline>
      <HostCell {...firstHost} />
      {hosts > 1 && <Dim>and {formatNumber(hosts - 1)} more</Dim>}
    </Inline>
  );
}

const formatHosts = (hosts: number, first: RunRow["firstHost"]): string =>
  first === null
    ? String(hosts)
    : `${formatHost(first)}${hosts > 1 ? ` and ${formatNumber(hosts - 1)} more` : ""}`;

function None({ search, onClear }: { search: Search; onClear: () => void }) {
  return (
    <Nothing
      Icon={IconChecklist}
      one="run"
      search={search}
      onClear={onClear}
      title="Nothing was changed yet"
      why="Rotate a key, renew a certificate or remove a grant: you review the plan before anything is written."
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

const COLUMNS: readonly Column<RunRow>[] = [
  {
    id: "title",
    title: "Run",
    sortBy: "title",
    minWidth: 300,
    grow: 3,
    cell: ({ id, title }) => <NameCell name={title} more={`#${id}`} />,
    text: ({ title }) => title,
  },
  {
    id: "state",
    title: "State",
    sortBy: "state",
    minWidth: 140,
    cell: ({ state }) => <RunStateTag state={state} />,
    text: ({ state }) => RUN_STATES[state].word,
  },
  {
    id: "lines",
    title: "Lines",
    minWidth: 106,
    cell: (run) => <LineCounts counts={run} />,
    text: ({ adds, changes, removes }) => `${adds} to add, ${changes} to change, ${removes} to remove`,
  },
  {
    id: "hosts",
    title: "Hosts",
    minWidth: 150,
    grow: 1,
    cell: (run) => <OnHosts {...run} />,
    text: ({ hosts, firstHost }) => formatHosts(hosts, firstHost),
  },
  {
    id: "progress",
    title: "Done",
    minWidth: 160,
    grow: 1,
    cell: (run) => (
      <span className={classes.progress}>
        <RunBar run={run} />
        <span className={classes.of}>{formatProgress(run)}</span>
      </span>
    ),
    text: formatProgress,
  },
  {
    id: "message",
    title: "Why",
    minWidth: 120,
    grow: 2,
    cell: ({ message }) => <TextCell text={message} isDim />,
    text: ({ message }) => message,
  },
  {
    id: "startedAt",
    title: "Started",
    sortBy: "startedAt",
    minWidth: 110,
    cell: ({ startedAt }) => <When instant={startedAt} />,
    text: ({ startedAt }) => startedAt,
  },
  {
    id: "kind",
    title: "Kind",
    minWidth: 148,
    cell: ({ kind }) => KINDS[kind],
    text: ({ kind }) => KINDS[kind],
  },
];
