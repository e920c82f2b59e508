import { rowSelectionFeature, rowSortingFeature, tableFeatures, useTable } from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, type MouseEvent, memo, useEffect, useMemo, useRef, useState } from "react";
import { usePreferences } from "#renderer/ui/preferences.tsx";
import type { Total } from "#shared/model/total.ts";
import type { Column, Rows, Sort } from "./column.ts";
import classes from "./data-table.module.css";
import { HeaderRow } from "./table-header.tsx";
import type { Selection } from "./use-list-keys.ts";

const ROW_HEIGHTS = { compact: 28, comfortable: 36 };
const CHECK_WIDTH = 36;

const features = tableFeatures({ rowSelectionFeature, rowSortingFeature });

type Props<Row> = {
  label: string;
  /** Those that are shown, in their order. */
  columns: readonly Column<Row>[];
  /** Of the columns that somebody has made wider or narrower. */
  widths: Readonly<Record<string, number>>;
  onWidth: (id: string, width: number) => void;
  /** Moves a column to a place among those that are shown. */
  onMove: (id: string, to: number) => void;
  list: Rows<Row>;
  rowId: (row: Row) => string;
  sort: Sort;
  onSort: (sort: Sort) => void;
  selection: Selection;
  /**
   * The row that the keyboard is on, and the column of a cell of it; `focusKey` changes when that has to be scrolled into
   * view and focused.
   */
  cursor: string | null;
  cell: string | null;
  focusKey: number;
  openId: string | null;
  onPress: (id: string, event: { shiftKey: boolean; isToggle: boolean }) => void;
  onMenu: (id: string, at: MenuPosition) => void;
};

/** Where a menu is opened, in pixels of the window; `column`: on which cell. */
export type MenuPosition = { x: number; y: number; column: string | null };

/** Rows by the thousand: only those in view are on the page, more are fetched as the end comes near. */
export function DataTable<Row extends object>(props: Props<Row>) {
  const { label, columns, list, sort, onSort, selection, cursor, cell, openId, onPress, onMenu } = props;
  const rows = useModel(props);
  /** The width that is dragged at this moment: only the grid changes, and no row is rendered again. */
  const [dragged, setDragged] = useState<Record<string, number>>({});
  const { scrollRef, virtualizer } = useVirtualRows(
    props,
    rows.map(({ id }) => id),
  );
  return (
    <div ref={scrollRef} className={classes.scroll}>
      <table
        aria-label={label}
        aria-rowcount={rowCountOf(list.total)}
        aria-busy={list.isFetching}
        className={classes.table}
        style={gridOf(columns, { ...props.widths, ...dragged })}
      >
        <HeaderRow
          columns={columns}
          sort={sort}
          onSort={onSort}
          selection={selection}
          rowCount={rows.length}
          onDrag={(id, width) => setDragged({ [id]: width })}
          onWidth={(id, width) => {
            setDragged({});
            props.onWidth(id, width);
          }}
          onMove={props.onMove}
        />
        <tbody className={classes.body} style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map(({ index, start, size }) => {
            const row = rows[index];
            if (!row) return null;
            return (
              <BodyRow
                key={row.id}
                id={row.id}
                row={row.original}
                index={index}
                columns={columns}
                rowStyle={{ height: size, transform: `translateY(${start}px)` }}
                isSelected={row.getIsSelected()}
                isCursor={row.id === cursor}
                cell={row.id === cursor ? cell : null}
                isOpen={row.id === openId}
                onPress={onPress}
                onMenu={onMenu}
              />
            );
          })}
        </tbody>
      </table>
    </div>
  );
}

/** With the head; -1 is ARIA's word for a number that is not known. */
const rowCountOf = (total: Total | null): number =>
  total === null || typeof total === "number" ? (total ?? 0) + 1 : -1;

/** The rows as TanStack Table sees them; the core has sorted and filtered them already. */
function useModel<Row extends object>({ columns, list, rowId, sort, selection }: Props<Row>) {
  const definitions = useMemo(() => columns.map(({ id, title }) => ({ id, header: title })), [columns]);
  const table = useTable({
    features,
    data: list.rows,
    columns: definitions,
    getRowId: rowId,
    manualSorting: true,
    state: {
      sorting: [{ id: sort.by, desc: sort.descending }],
      rowSelection: Object.fromEntries([...selection.ids].map((id) => [id, true as const])),
    },
  });
  return table.getRowModel().rows;
}

function useVirtualRows<Row extends object>(
  { list, cursor, cell, focusKey }: Props<Row>,
  ids: readonly string[],
) {
  const scrollRef = useRef<HTMLDivElement>(null);
  const height = ROW_HEIGHTS[usePreferences().density];
  const virtualizer = useVirtualizer({
    count: ids.length,
    getScrollElement: () => scrollRef.current,
    estimateSize: () => height,
    overscan: 12,
    scrollPaddingStart: 40,
    scrollPaddingEnd: 8,
  });
  // biome-ignore lint/correctness/useExhaustiveDependencies: sizes are measured anew when the density changes
  useEffect(() => virtualizer.measure(), [height]);

  const last = virtualizer.getVirtualItems().at(-1)?.index ?? -1;
  const isNearEnd = ids.length > 0 && last >= ids.length - 20;
  useEffect(() => {
    if (isNearEnd) list.fetchMore();
  });

  // biome-ignore lint/correctness/useExhaustiveDependencies: only `focusKey` says that the cursor was moved by hand
  useEffect(() => {
    if (focusKey === 0 || cursor === null || !ids.includes(cursor)) return;
    virtualizer.scrollToIndex(ids.indexOf(cursor));
    const find = () => findCell(scrollRef.current, cursor, cell);
    const found = find();
    if (found) return focusOn(found, cell);
    // Not rendered yet: it comes into view with the next frame.
    const frame = requestAnimationFrame(() => focusOn(find(), cell));
    return () => cancelAnimationFrame(frame);
  }, [focusKey]);
  return { scrollRef, virtualizer };
}

/** The element of a row, or of its cell in this column; `id` and `column` are whatever a list has. */
export function findCell(within: HTMLElement | null, id: string, column: string | null): HTMLElement | null {
  const row = within?.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"]`) ?? null;
  if (row === null || column === null) return row;
  return row.querySelector<HTMLElement>(`[data-column="${CSS.escape(column)}"]`) ?? row;
}

/** Rows are scrolled to by the list, and cells by the browser. */
function focusOn(element: HTMLElement | null, cell: string | null): void {
  element?.focus({ preventScroll: true });
  if (cell !== null) element?.scrollIntoView({ block: "nearest", inline: "nearest" });
}

function gridOf<Row>(
  columns: readonly Column<Row>[],
  widths: Readonly<Record<string, number>>,
): CSSProperties {
  const tracks = columns.map(({ id, minWidth, grow }) => {
    const width = widths[id];
    if (width !== undefined) return `${width}px`;
    return grow ? `minmax(${minWidth}px, ${grow}fr)` : `${minWidth}px`;
  });
  const least = columns.reduce((sum, { id, minWidth }) => sum + (widths[id] ?? minWidth), 0);
  return {
    "--columns": `${CHECK_WIDTH}px ${tracks.join(" ")}`,
    minWidth: CHECK_WIDTH + least + 24,
  } as CSSProperties;
}

type BodyRowProps<Row> = {
  id: string;
  row: Row;
  index: number;
  columns: readonly Column<Row>[];
  rowStyle: CSSProperties;
  isSelected: boolean;
  isCursor: boolean;
  /** The column of the cell that the keyboard is on. */
  cell: string | null;
  isOpen: boolean;
  onPress: (id: string, event: { shiftKey: boolean; isToggle: boolean }) => void;
  onMenu: (id: string, at: MenuPosition) => void;
};

function BodyRowAsWritten<Row>(props: BodyRowProps<Row>) {
  const { id, row, index, columns, rowStyle, isSelected, isCursor, cell, isOpen, onPress, onMenu } = props;
  const press = (event: MouseEvent) => {
    if (event.target instanceof Element && event.target.closest("button, a, input")) return;
    onPress(id, { shiftKey: event.shiftKey, isToggle: event.metaKey || event.ctrlKey });
  };
  const menu = (event: MouseEvent) => {
    if (!(event.target instanceof Element) || event.target.closest("a")) return;
    event.preventDefault();
    const on = event.target.closest<HTMLElement>("[data-column]") ?? event.currentTarget;
    onMenu(id, { ...positionOf(event, on), column: on.getAttribute("data-column") });
  };
  const states = [
    classes.row,
    isSelected && classes.selected,
    isCursor && classes.cursor,
    isOpen && classes.open,
  ];
  return (
    // The list's own keys act on the row that has the focus.
    <tr
      aria-rowindex={index + 2}
      aria-selected={isSelected}
      data-row={id}
      tabIndex={isCursor || index === 0 ? 0 : -1}
      className={states.filter(Boolean).join(" ")}
      style={rowStyle}
      onClick={press}
      onContextMenu={menu}
    >
      <td className={classes.check}>
        <input
          type="checkbox"
          aria-label="Select this row"
          tabIndex={-1}
          checked={isSelected}
          onChange={() => undefined}
          onClick={(event) => onPress(id, { shiftKey: event.shiftKey, isToggle: true })}
        />
      </td>
      {columns.map((column) => (
        <td
          key={column.id}
          data-column={column.id}
          tabIndex={column.id === cell ? -1 : undefined}
          className={column.isNumber ? `${classes.cell} ${classes.number}` : classes.cell}
        >
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}

/** Where the pointer is; by keyboard, below what has the focus. */
function positionOf(event: MouseEvent, on: Element): { x: number; y: number } {
  if (event.clientX !== 0 || event.clientY !== 0) return { x: event.clientX, y: event.clientY };
  const { left, bottom } = on.getBoundingClientRect();
  return { x: left, y: bottom };
}

/** Scrolling renders the table again and again; a row whose data did not change is left alone. */
const BodyRow = memo(
  BodyRowAsWritten,
  (before, after) =>
    before.row === after.row &&
    before.columns === after.columns &&
    before.cell === after.cell &&
    before.index === after.index &&
    before.rowStyle.transform === after.rowStyle.transform &&
    before.rowStyle.height === after.rowStyle.height &&
    before.isSelected === after.isSelected &&
    before.isCursor === after.isCursor &&
    before.isOpen === after.isOpen &&
    before.onPress === after.onPress &&
    before.onMenu === after.onMenu,
) as typeof BodyRowAsWritten;
