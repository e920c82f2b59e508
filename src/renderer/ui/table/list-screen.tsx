import { type ReactNode, useCallback, useMemo, useRef } from "react";
import { DrawerModeContext } from "#renderer/ui/drawer/drawer.tsx";
import { usePreferences } from "#renderer/ui/preferences.tsx";
import { ErrorState } from "#renderer/ui/states.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { formatCount } from "#shared/text/count.ts";
import { markAmount } from "#shared/text/total.ts";
import type { Column, Rows, Sort } from "./column.ts";
import { download, printCsv } from "./csv.ts";
import { DataTable } from "./data-table.tsx";
import classes from "./list-screen.module.css";
import { SearchField } from "./search-field.tsx";
import { SelectionBar } from "./selection-bar.tsx";
import { useListKeys } from "./use-list-keys.ts";
import { useSelection } from "./use-selection.ts";
import { ViewMenu } from "./view-menu.tsx";

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
  /** What else can be done with the rows that are selected. */
  actions?: (rows: Row[], clear: () => void) => ReactNode;
  /** What a key does with the rows that are selected, or else with the one that the keyboard is on. */
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
