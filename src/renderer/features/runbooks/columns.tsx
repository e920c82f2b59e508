import { NameCell, NumberCell, TextCell } from "#renderer/ui/cells.tsx";
import type { Column } from "#renderer/ui/table/column.ts";
import { When } from "#renderer/ui/when.tsx";
import type { RunRow } from "#shared/model/run.ts";
import { formatProgress, LineCounts, RUN_STATES, RunBar, RunStateTag } from "./run-state.tsx";
import classes from "./runbooks.module.css";
import { KINDS } from "./words.ts";

export const COLUMNS: readonly Column<RunRow>[] = [
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
    minWidth: 64,
    isNumber: true,
    cell: ({ hosts }) => <NumberCell value={hosts} />,
    text: ({ hosts }) => String(hosts),
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
