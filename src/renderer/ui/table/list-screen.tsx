import { Button, Menu } from "@mantine/core";
import {
  IconBraces,
  IconCopy,
  IconDownload,
  IconTerminal2,
  IconTextSize,
  IconX,
  type TablerIcon,
} from "@tabler/icons-react";
import { type ReactNode, useCallback, useMemo, useRef, useState } from "react";
import { DrawerModeContext } from "#renderer/ui/drawer/drawer.tsx";
import { EmptyState, ErrorState } from "#renderer/ui/panel.tsx";
import { usePreferences } from "#renderer/ui/preferences.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import type { SavedView } from "#shared/model/list-preferences.ts";
import { formatCount, markAmount } from "#shared/text/count.ts";
import type { ListCommands } from "#shared/text/list-commands.ts";
import {
  arrangeColumns,
  type Column,
  download,
  moveColumn,
  printCsv,
  type Rows,
  type Sort,
} from "./column.ts";
import { useCopyKey, useCopyRows } from "./copy-rows.ts";
import { DataTable, findCell, type MenuPosition } from "./data-table.tsx";
import { type FilterKey, formatFilterText, parseFilterText } from "./filter-text.ts";
import { SavedViews, ViewMenu } from "./filters.tsx";
import classes from "./list-screen.module.css";
import { RowMenu, type RowMenuAt } from "./row-menu.tsx";
import { SearchField } from "./search-field.tsx";
import { useFocusOnceSettled, useListKeys, useSelection } from "./use-list-keys.ts";

type Props<Row> = {
  /** The plural, lower case: certificates. */
  name: string;
  columns: readonly Column<Row>[];
  list: Rows<Row>;
  rowId: (row: Row) => string;
  sort: Sort;
  onSort: (sort: Sort) => void;
  /** What the address of this screen holds: the words of the search, and the fields that `filterKeys` name. */
  address: { search?: string | undefined };
  filterKeys?: readonly FilterKey[];
  searchHint: string;
  /** Changes these fields of the address. */
  onFilter(patch: object): void;
  filters?: ReactNode;
  openId: string | null;
  onOpen: (id: string | null, how: { isWalk: boolean }) => void;
  /** Fetches every row of the view, for the export. */
  fetchAll: () => Promise<Row[]>;
  empty: ReactNode;
  drawer: ReactNode;
  commands: ListCommands<Row>;
  /** What else can be done with the selected rows. */
  actions?: (rows: Row[], clear: () => void) => ReactNode;
  /** What a key does with the selected rows, or else with the one that the keyboard is on. */
  keys?: Readonly<Record<string, (rows: Row[]) => void>>;
};

/** A screen that is one list: filter, rows, selection, export, and the drawer of the row that is open. */
export function ListScreen<Row extends object>(props: Props<Row>) {
  const { name, columns, list, rowId, sort, onSort, openId, commands } = props;
  const { shown, widths, resize, move } = useArrangement(name, columns);
  const {
    filterText,
    filter,
    searchRef,
    selection,
    keys,
    menu,
    press,
    openMenu,
    closeMenu,
    focusList,
    selected,
    exportRows,
  } = useListScreen(props, shown);
  const exportAll = () => exportRows(props.fetchAll());
  const { copy, copyView } = useCopyRows({ columns: shown, commands });
  return (
    <div className={classes.screen} data-rows-of={list.isAwaited ? undefined : filterText}>
      <div className={classes.toolbar}>
        <SearchField
          inputRef={searchRef}
          value={filterText}
          hint={props.searchHint}
          keys={props.filterKeys ?? NO_KEYS}
          onChange={filter}
          isBusy={list.isAwaited}
          onEnter={focusList}
        />
        {props.filters}
        <span className={classes.tools}>
          <span className={classes.count}>
            {list.total !== null && markAmount(list.total)}
            {list.total !== null && (
              <span className={classes.unit}>{list.total === 1 ? " row" : " rows"}</span>
            )}
          </span>
          <SavedViews
            name={name}
            address={savedOf(props.address)}
            onApply={(saved) => applyView(props, saved)}
          />
          <ViewMenu name={name} columns={columns} onExport={exportAll} onCopyCommand={copyView} />
        </span>
      </div>
      {list.error ? (
        <ErrorState doing={`list the ${name}`} error={list.error} onRetry={list.retry} />
      ) : list.total === 0 ? (
        props.empty
      ) : (
        <DataTable
          label={name}
          columns={shown}
          widths={widths}
          onWidth={resize}
          onMove={move}
          list={list}
          rowId={rowId}
          sort={sort}
          onSort={onSort}
          selection={selection}
          openId={openId}
          cursor={keys.cursor}
          cell={keys.cell}
          focusKey={keys.focusKey}
          onPress={press}
          onMenu={openMenu}
        />
      )}
      {menu && <RowMenu at={menu} onCopy={copy} onClose={closeMenu} />}
      <SelectionBar
        count={selection.ids.size}
        onCopy={(kind) => copy({ kind, rows: selected(), isSelection: true })}
        onExport={() => exportRows(Promise.resolve(selected()))}
        onClear={selection.clear}
      >
        {selection.ids.size > 0 && props.actions?.(selected(), selection.clear)}
      </SelectionBar>
      <DrawerModeContext value={keys.isPeek ? "peek" : "open"}>{props.drawer}</DrawerModeContext>
    </div>
  );
}

/** What the keyboard and the pointer do with the rows. */
function useListScreen<Row extends object>(props: Props<Row>, shown: readonly Column<Row>[]) {
  const { name, list, rowId, openId, onOpen, commands } = props;
  const { filterText, filter } = useFilterText(props);
  const searchRef = useRef<HTMLInputElement>(null);
  const rowIds = useMemo(() => list.rows.map(rowId), [list.rows, rowId]);
  const columnIds = useMemo(() => shown.map(({ id }) => id), [shown]);
  const selection = useSelection(rowIds);
  const [menu, setMenu] = useState<RowMenuAt<Row> | null>(null);
  const exportRows = (rows: Promise<Row[]>) => void exportAs(name, shown, rows);
  const selected = () => list.rows.filter((row) => selection.ids.has(rowId(row)));
  const act = (key: string, id: string | null) => {
    const ids = selection.ids.size > 0 ? selection.ids : new Set([id]);
    const rows = list.rows.filter((row) => ids.has(rowId(row)));
    if (rows.length > 0) props.keys?.[key]?.(rows);
  };
  const openMenu = (id: string, { x, y, column }: MenuPosition) => {
    const row = list.rows.find((one) => rowId(one) === id);
    if (!row) return;
    const isSelection = selection.ids.has(id) && selection.ids.size > 1;
    const rows = isSelection ? selected() : [row];
    setMenu({ x, y, row, column: shown.find((one) => one.id === column) ?? null, rows, isSelection });
  };
  const keys = useListKeys({
    act,
    actKeys: Object.keys(props.keys ?? {}),
    rowIds,
    columnIds,
    selection,
    openId,
    onOpen,
    onExport: () => exportRows(props.fetchAll()),
    onMenu: (id) => openMenu(id, positionBelow(id, keys.cell)),
    focusSearch: () => searchRef.current?.select(),
  });
  useCopyKey(
    () => {
      const cursor = list.rows.find((row) => rowId(row) === (keys.cursor ?? openId));
      const column = shown.find(({ id }) => id === keys.cell);
      if (cursor && column) return { kind: "cell", row: cursor, column };
      if (selection.ids.size > 0) return { kind: "text", rows: selected(), isSelection: true };
      return cursor ? { kind: "text", rows: [cursor], isSelection: false } : null;
    },
    { columns: shown, commands },
  );
  return {
    filterText,
    filter,
    searchRef,
    selection,
    keys,
    menu,
    selected,
    exportRows,
    press: useLatest(keys.press),
    openMenu: useLatest(openMenu),
    closeMenu: () => {
      setMenu(null);
      keys.refocus();
    },
    focusList: useFocusOnceSettled({
      shown: filterText,
      isSettled: !list.isFetching && list.rows.length > 0,
      refocus: keys.refocus,
    }),
  };
}

/** The columns as they were arranged in this list, and what arranges them. */
function useArrangement<Row>(name: string, columns: readonly Column<Row>[]) {
  const { arrangementOf, arrange } = usePreferences();
  const arrangement = arrangementOf(name);
  const { hidden, order, widths } = arrangement;
  const shown = useMemo(() => arrangeColumns(columns, { hidden, order }), [columns, hidden, order]);
  const resize = (id: string, width: number) =>
    arrange(name, { hidden, order, widths: { ...widths, [id]: width } });
  const move = (id: string, to: number) => {
    const others = shown.filter((column) => column.id !== id);
    const next = others[Math.min(Math.max(to, 0), others.length)];
    const all = arrangeColumns(columns, { hidden: [], order }).map((column) => column.id);
    const target = next ? all.filter((one) => one !== id).indexOf(next.id) : all.length;
    arrange(name, { hidden, order: moveColumn(all, id, target), widths });
  };
  return { shown, widths, resize, move };
}

type Address = { search?: string | undefined };

/** What a saved view keeps of an address: all but what is open. */
const savedOf = (address: Address): SavedView["address"] =>
  Object.fromEntries(
    Object.entries(address).flatMap(([field, value]: [string, unknown]) =>
      !NOT_SAVED.includes(field) && isSaved(value) ? [[field, value]] : [],
    ),
  );

const isSaved = (value: unknown): value is SavedView["address"][string] =>
  ["string", "number", "boolean"].includes(typeof value);

const NOT_SAVED = ["open", "tab"];

function applyView(
  { address, onFilter }: { address: Address; onFilter(patch: object): void },
  saved: SavedView["address"],
): void {
  const dropped = Object.keys(savedOf(address)).map((field) => [field, undefined]);
  onFilter({ ...Object.fromEntries(dropped), ...saved });
}

type Filtered = {
  address: { search?: string | undefined };
  filterKeys?: readonly FilterKey[];
  onFilter(patch: object): void;
};

/** The filter as text. The address alone holds it: chips, links and this text are of the same state. */
function useFilterText({ address, filterKeys = NO_KEYS, onFilter }: Filtered) {
  const filterText = formatFilterText({ search: address.search ?? "", fields: { ...address } }, filterKeys);
  const filter = (text: string) => {
    const { search, fields } = parseFilterText(text, filterKeys);
    const patch = filterKeys.map(({ field }) => [field, fields[field]]);
    onFilter({ ...Object.fromEntries(patch), search: search || undefined });
  };
  return { filterText, filter };
}

const NO_KEYS: readonly FilterKey[] = [];

/** Below the row, or the cell, that the keyboard is on. */
function positionBelow(id: string, cell: string | null): MenuPosition {
  const { left = 0, bottom = 0 } = findCell(document.body, id, cell)?.getBoundingClientRect() ?? {};
  return { x: left, y: bottom, column: cell };
}

/** The same function each time, which calls the latest: rows that are not otherwise changed are not rendered again. */
function useLatest<Words extends unknown[]>(act: (...words: Words) => void): (...words: Words) => void {
  const latest = useRef(act);
  latest.current = act;
  return useCallback((...words) => latest.current(...words), []);
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
  onCopy: (kind: "text" | "json" | "command") => void;
  onExport: () => void;
  onClear: () => void;
  children?: ReactNode;
};

/** What can be done with the selected rows. */
function SelectionBar({ count, onCopy, onExport, onClear, children }: SelectionBarProps) {
  if (count === 0) return null;
  return (
    <section className={classes.bar} aria-label="Selection">
      <span className={classes.barCount}>{count} selected</span>
      {children}
      <Menu position="top-start">
        <Menu.Target>
          <Button variant="subtle" size="compact-sm" leftSection={<IconCopy size={15} />}>
            Copy
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<IconTextSize size={15} />} onClick={() => onCopy("text")}>
            Copy as text
          </Menu.Item>
          <Menu.Item leftSection={<IconBraces size={15} />} onClick={() => onCopy("json")}>
            Copy as JSON
          </Menu.Item>
          <Menu.Item leftSection={<IconTerminal2 size={15} />} onClick={() => onCopy("command")}>
            Copy the command lines
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
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
