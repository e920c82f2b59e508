import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import { type DragEvent, type KeyboardEvent, type PointerEvent, useRef } from "react";
import { COLUMN_WIDTH } from "#shared/model/list-preferences.ts";
import type { Column, Sort } from "./column.ts";
import classes from "./data-table.module.css";
import type { Selection } from "./use-list-keys.ts";

/** So many pixels a key makes a column wider or narrower. */
const STEP = 16;

type WidthProps = {
  /** While a column is dragged; `onWidth` ends it. */
  onDrag: (id: string, width: number) => void;
  onWidth: (id: string, width: number) => void;
  onMove: (id: string, to: number) => void;
};

type HeaderRowProps<Row> = WidthProps & {
  columns: readonly Column<Row>[];
  sort: Sort;
  onSort: (sort: Sort) => void;
  selection: Selection;
  rowCount: number;
};

/** The titles of the columns, by which they are sorted, moved and made wider. */
export function HeaderRow<Row>(props: HeaderRowProps<Row>) {
  const { columns, selection, rowCount } = props;
  const isAll = rowCount > 0 && selection.ids.size >= rowCount;
  return (
    <thead className={classes.head}>
      <tr aria-rowindex={1} className={classes.headRow}>
        <th scope="col" className={classes.check}>
          <input
            type="checkbox"
            aria-label="Select all rows"
            checked={isAll}
            onChange={() => (isAll ? selection.clear() : selection.selectAll())}
          />
        </th>
        {columns.map((column, index) => (
          <HeaderCell
            key={column.id}
            column={column}
            index={index}
            sort={props.sort}
            onSort={props.onSort}
            onDrag={props.onDrag}
            onWidth={props.onWidth}
            onMove={props.onMove}
          />
        ))}
      </tr>
    </thead>
  );
}

type CellProps<Row> = WidthProps & {
  column: Column<Row>;
  /** Its place among the columns that are shown. */
  index: number;
  sort: Sort;
  onSort: (sort: Sort) => void;
};

/** What a dragged title is known by: nothing else that is dropped moves a column. */
const DRAGGED = "application/x-latchkey-column";

function HeaderCell<Row>({ column, index, sort, onSort, onDrag, onWidth, onMove }: CellProps<Row>) {
  const { id, title, sortBy, isNumber } = column;
  const isSorted = sortBy !== undefined && sort.by === sortBy;
  const over = (event: DragEvent) => {
    if (event.dataTransfer.types.includes(DRAGGED)) event.preventDefault();
  };
  const drop = (event: DragEvent) => {
    const moved = event.dataTransfer.getData(DRAGGED);
    if (moved !== "") onMove(moved, index);
  };
  return (
    <th
      scope="col"
      aria-sort={
        sortBy === undefined ? undefined : isSorted ? (sort.descending ? "descending" : "ascending") : "none"
      }
      data-column={id}
      className={isNumber ? `${classes.headCell} ${classes.number}` : classes.headCell}
      onDragOver={over}
      onDrop={drop}
    >
      {/* biome-ignore lint/a11y/noStaticElementInteractions: by keyboard, the grip moves a column */}
      <span
        className={classes.title}
        draggable
        onDragStart={(event) => event.dataTransfer.setData(DRAGGED, id)}
      >
        {sortBy === undefined ? (
          title
        ) : (
          <SortButton title={title} sortBy={sortBy} sort={sort} onSort={onSort} />
        )}
      </span>
      <Grip id={id} title={title} index={index} onDrag={onDrag} onWidth={onWidth} onMove={onMove} />
    </th>
  );
}

type SortButtonProps = { title: string; sortBy: string; sort: Sort; onSort: (sort: Sort) => void };

function SortButton({ title, sortBy, sort, onSort }: SortButtonProps) {
  const isSorted = sort.by === sortBy;
  const Arrow = sort.descending ? IconArrowDown : IconArrowUp;
  return (
    <button
      type="button"
      className={classes.sort}
      onClick={() => onSort({ by: sortBy, descending: isSorted && !sort.descending })}
    >
      {title}
      {isSorted && <Arrow size={13} aria-hidden />}
    </button>
  );
}

const clamp = (width: number): number =>
  Math.round(Math.min(Math.max(width, COLUMN_WIDTH.least), COLUMN_WIDTH.most));

type GripProps = WidthProps & { id: string; title: string; index: number };

/** The right edge of a title: dragged, double-clicked or moved by keys. */
function Grip({ id, title, index, onDrag, onWidth, onMove }: GripProps) {
  const ref = useRef<HTMLSpanElement>(null);
  const start = useRef<{ x: number; width: number } | null>(null);
  const widthNow = () => ref.current?.parentElement?.getBoundingClientRect().width ?? 0;
  const widthAt = (event: PointerEvent) =>
    start.current && clamp(start.current.width + event.clientX - start.current.x);
  const press = (event: KeyboardEvent) => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined && event.key !== "Enter") return;
    // The list has these keys, too.
    event.preventDefault();
    if (by === undefined) onWidth(id, fitWidth(ref.current));
    else if (event.shiftKey) onMove(id, index + by);
    else onWidth(id, clamp(widthNow() + by * STEP));
  };
  return (
    // biome-ignore lint/a11y/useSemanticElements: an hr cannot be focused
    <span
      ref={ref}
      role="separator"
      aria-orientation="vertical"
      aria-label={`Width of ${title}`}
      aria-valuemin={COLUMN_WIDTH.least}
      aria-valuemax={COLUMN_WIDTH.most}
      aria-valuenow={clamp(widthNow())}
      title="Drag to resize, double-click to fit. By keyboard: ← → resize, Enter fits, Shift with ← → moves the column"
      tabIndex={0}
      className={classes.grip}
      onKeyDown={press}
      onDoubleClick={() => onWidth(id, fitWidth(ref.current))}
      onPointerDown={(event) => {
        start.current = { x: event.clientX, width: widthNow() };
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={(event) => {
        const width = widthAt(event);
        if (width !== null) onDrag(id, width);
      }}
      onPointerUp={(event) => {
        const width = widthAt(event);
        const isMoved = start.current !== null && event.clientX !== start.current.x;
        start.current = null;
        if (width !== null && isMoved) onWidth(id, width);
      }}
    />
  );
}

/** The width that the title and all cells on the page need, cut by nothing. */
function fitWidth(grip: HTMLElement | null): number {
  const head = grip?.parentElement;
  const id = head?.getAttribute("data-column");
  const table = head?.closest("table");
  if (!id || !table) return COLUMN_WIDTH.least;
  const cells = Array.from(table.querySelectorAll<HTMLElement>(`[data-column="${CSS.escape(id)}"]`));
  for (const cell of cells) cell.style.width = "max-content";
  const widest = Math.max(...cells.map((cell) => cell.getBoundingClientRect().width));
  for (const cell of cells) cell.style.width = "";
  return clamp(widest + 2);
}
