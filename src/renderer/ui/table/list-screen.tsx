import { Button } from "@mantine/core";
import { IconBraces, IconDownload, IconX, type TablerIcon } from "@tabler/icons-react";
import { type ReactNode, useCallback, useMemo, useRef } from "react";
import { DrawerModeContext } from "#renderer/ui/drawer/drawer.tsx";
import { useCopy } from "#renderer/ui/fingerprint.tsx";
import { EmptyState, ErrorState } from "#renderer/ui/panel.tsx";
import { usePreferences } from "#renderer/ui/preferences.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { formatCount, markAmount } from "#shared/text/count.ts";
import { type Column, download, printCsv, type Rows, type Sort } from "./column.ts";
import { DataTable } from "./data-table.tsx";
import { SearchField, ViewMenu } from "./filters.tsx";
import classes from "./list-screen.module.css";
import { useListKeys, useSelection } from "./use-selection.ts";

type Props<Row> = {
  /** The plural, lower case: certificates. */
  name: string;
  columns: readonly Column<Row>[];
  list: Rows<Row>;
  rowId: (row: Row) => string;
  sort: Sort;
  onSort: (sort: Sort) => void;
  search: string;
  searchHint: string;
  onSearch: (search: string) => void;
  filters?: ReactNode;
  openId: string | null;
  onOpen: (id: string | null, how: { isWalk: boolean }) => void;
  /** Fetches every row of the view, for the export. */
  fetchAll: () => Promise<Row[]>;
  empty: ReactNode;
  drawer: ReactNode;
  /** What else can be done with the selected rows. */
  actions?: (rows: Row[], clear: () => void) => ReactNode;
  /** What a key does with the selected rows, or else with the one that the keyboard is on. */
  keys?: Readonly<Record<string, (rows: Row[]) => void>>;
};

/** A screen that is one list: filter, rows, selection, export, and the drawer of the row that is open. */
export function ListScreen<Row extends object>(props: Props<Row>) {
  const { name, columns, list, rowId, sort, onSort, openId, onOpen } = props;
  const searchRef = useRef<HTMLInputElement>(null);
  const rowIds = useMemo(() => list.rows.map(rowId), [list.rows, rowId]);
  const selection = useSelection(rowIds);
  const hidden = usePreferences().hiddenIn(name);
  const shown = useMemo(() => columns.filter(({ id }) => !hidden.includes(id)), [columns, hidden]);
  const exportRows = (rows: Promise<Row[]>) => void exportAs(name, shown, rows);
  const exportAll = () => exportRows(props.fetchAll());
  const act = (key: string, id: string | null) => {
    const ids = selection.ids.size > 0 ? selection.ids : new Set([id]);
    const rows = list.rows.filter((row) => ids.has(rowId(row)));
    if (rows.length > 0) props.keys?.[key]?.(rows);
  };
  const keys = useListKeys({
    act,
    actKeys: Object.keys(props.keys ?? {}),
    rowIds,
    selection,
    openId,
    onOpen,
    onExport: exportAll,
    focusSearch: () => searchRef.current?.select(),
  });
  const latestPress = useRef(keys.press);
  latestPress.current = keys.press;
  const press = useCallback<typeof keys.press>((id, event) => latestPress.current(id, event), []);
  const selected = () => list.rows.filter((row) => selection.ids.has(rowId(row)));

  return (
    <div className={classes.screen}>
      <div className={classes.toolbar}>
        <SearchField
          inputRef={searchRef}
          value={props.search}
          hint={props.searchHint}
          onChange={props.onSearch}
        />
        {props.filters}
        <span className={classes.space} />
        <span className={classes.count}>
          {list.total !== null && markAmount(list.total)}
          {list.total !== null && <span className={classes.unit}>{list.total === 1 ? " row" : " rows"}</span>}
        </span>
        <ViewMenu name={name} columns={columns} onExport={exportAll} />
      </div>
      {list.error ? (
        <ErrorState doing={`list the ${name}`} error={list.error} onRetry={list.retry} />
      ) : list.total === 0 ? (
        props.empty
      ) : (
        <DataTable
          label={name}
          columns={columns}
          hidden={hidden}
          list={list}
          rowId={rowId}
          sort={sort}
          onSort={onSort}
          selection={selection}
          openId={openId}
          cursor={keys.cursor}
          focusKey={keys.focusKey}
          onPress={press}
        />
      )}
      <SelectionBar
        count={selection.ids.size}
        onCopy={() => JSON.stringify(selected(), null, 2)}
        onExport={() => exportRows(Promise.resolve(selected()))}
        onClear={selection.clear}
      >
        {selection.ids.size > 0 && props.actions?.(selected(), selection.clear)}
      </SelectionBar>
      <DrawerModeContext value={keys.isPeek ? "peek" : "open"}>{props.drawer}</DrawerModeContext>
    </div>
  );
}

async function exportAs<Row>(
  name: string,
  columns: readonly Column<Row>[],
  rows: Promise<Row[]>,
): Promise<void> {
  try {
    const found = await rows;
    download(`latchkey-${name}.csv`, "text/csv", printCsv(columns, found));
    toast(`Exported ${formatCount(found.length, "row")} as CSV`);
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    toast(`No export: ${error.message}`);
  }
}

type NothingProps = {
  Icon: TablerIcon;
  /** One thing of the list, with its article-free name: certificate. */
  one: string;
  search: Record<string, unknown>;
  onClear: () => void;
  /** The title where there are no rows at all, whatever the filters. */
  title: string;
  why: string;
  action?: ReactNode;
};

/** An empty list: either nothing fits the filters, which can be dropped, or there is nothing, and how to get it. */
export function Nothing({ Icon, one, search, onClear, title, why, action }: NothingProps) {
  if (!isFiltered(search)) return <EmptyState Icon={Icon} title={title} why={why} action={action} />;
  return (
    <EmptyState
      Icon={Icon}
      title={`No ${one} matches`}
      why="There is none that fits every filter above."
      action={
        <Button variant="default" size="xs" onClick={onClear}>
          Clear the filters
        </Button>
      }
    />
  );
}

const NOT_FILTERS = ["sort", "descending", "open"];

const isFiltered = (search: Record<string, unknown>): boolean =>
  Object.entries(search).some(([name, value]) => value !== undefined && !NOT_FILTERS.includes(name));

type SelectionBarProps = {
  count: number;
  onCopy: () => string;
  onExport: () => void;
  onClear: () => void;
  children?: ReactNode;
};

/** What can be done with the selected rows. */
function SelectionBar({ count, onCopy, onExport, onClear, children }: SelectionBarProps) {
  const write = useCopy();
  if (count === 0) return null;
  const copy = async () => {
    await write(onCopy());
    toast(`Copied ${count} ${count === 1 ? "row" : "rows"} as JSON`);
  };
  return (
    <section className={classes.bar} aria-label="Selection">
      <span className={classes.barCount}>{count} selected</span>
      {children}
      <Button
        variant="subtle"
        size="compact-sm"
        leftSection={<IconBraces size={15} />}
        onClick={() => void copy()}
      >
        Copy as JSON
      </Button>
      <Button variant="subtle" size="compact-sm" leftSection={<IconDownload size={15} />} onClick={onExport}>
        Export selection
      </Button>
      <Button
        variant="subtle"
        color="gray"
        size="compact-sm"
        leftSection={<IconX size={15} />}
        onClick={onClear}
      >
        Clear
      </Button>
    </section>
  );
}
