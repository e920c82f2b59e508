import {
  columnVisibilityFeature,
  rowSelectionFeature,
  rowSortingFeature,
  tableFeatures,
  useTable,
} from "@tanstack/react-table";
import { useVirtualizer } from "@tanstack/react-virtual";
import { type CSSProperties, useEffect, useMemo, useRef } from "react";
import { usePreferences } from "#renderer/ui/preferences.tsx";
import type { Total } from "#shared/model/total.ts";
import { BodyRow } from "./body-row.tsx";
import type { Column, Rows, Sort } from "./column.ts";
import classes from "./data-table.module.css";
import { HeaderRow } from "./header-row.tsx";
import type { Selection } from "./use-selection.ts";

const ROW_HEIGHTS = { compact: 28, comfortable: 36 };
const CHECK_WIDTH = 36;

const features = tableFeatures({ columnVisibilityFeature, rowSelectionFeature, rowSortingFeature });

type Props<Row> = {
  label: string;
  columns: readonly Column<Row>[];
  hidden: readonly string[];
  list: Rows<Row>;
  rowId: (row: Row) => string;
  sort: Sort;
  onSort: (sort: Sort) => void;
  selection: Selection;
  /** The row that the keyboard is on; `focusKey` changes when it is to be brought into view and focused. */
  cursor: string | null;
  focusKey: number;
  openId: string | null;
  onPress: (id: string, event: { shiftKey: boolean; isToggle: boolean }) => void;
};

/** Rows by the thousand: only those in view are on the page, more are fetched as the end comes near. */
export function DataTable<Row extends object>(props: Props<Row>) {
  const { label, list, sort, onSort, selection, cursor, openId, onPress } = props;
  const { rows, columns } = useModel(props);
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
        style={gridOf(columns)}
      >
        <HeaderRow
          columns={columns}
          sort={sort}
          onSort={onSort}
          selection={selection}
          rowCount={rows.length}
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
                place={{ height: size, transform: `translateY(${start}px)` }}
                isSelected={row.getIsSelected()}
                isCursor={row.id === cursor}
                isOpen={row.id === openId}
                onPress={onPress}
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

/** The rows and columns that are shown, as TanStack Table sees them; the core has sorted and filtered them already. */
function useModel<Row extends object>({ columns, hidden, list, rowId, sort, selection }: Props<Row>) {
  const definitions = useMemo(() => columns.map(({ id, title }) => ({ id, header: title })), [columns]);
  const table = useTable({
    features,
    data: list.rows,
    columns: definitions,
    getRowId: rowId,
    manualSorting: true,
    state: {
      sorting: [{ id: sort.by, desc: sort.descending }],
      columnVisibility: Object.fromEntries(hidden.map((id) => [id, false])),
      rowSelection: Object.fromEntries([...selection.ids].map((id) => [id, true as const])),
    },
  });
  const shown = table
    .getVisibleLeafColumns()
    .flatMap(({ id }) => columns.find((column) => column.id === id) ?? []);
  return { rows: table.getRowModel().rows, columns: shown };
}

function useVirtualRows<Row extends object>({ list, cursor, focusKey }: Props<Row>, ids: readonly string[]) {
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
    const find = () => scrollRef.current?.querySelector<HTMLElement>(`[data-row="${CSS.escape(cursor)}"]`);
    const row = find();
    if (row) return row.focus({ preventScroll: true });
    // Not rendered yet: it comes into view with the next frame.
    const frame = requestAnimationFrame(() => find()?.focus({ preventScroll: true }));
    return () => cancelAnimationFrame(frame);
  }, [focusKey]);
  return { scrollRef, virtualizer };
}

function gridOf<Row>(columns: readonly Column<Row>[]): CSSProperties {
  const tracks = columns.map(({ minWidth, grow }) =>
    grow ? `minmax(${minWidth}px, ${grow}fr)` : `${minWidth}px`,
  );
  return {
    "--columns": `${CHECK_WIDTH}px ${tracks.join(" ")}`,
    minWidth: CHECK_WIDTH + columns.reduce((sum, { minWidth }) => sum + minWidth, 0) + 24,
  } as CSSProperties;
}
