import { IconArrowDown, IconArrowUp } from "@tabler/icons-react";
import type { Column, Sort } from "./column.ts";
import classes from "./data-table.module.css";
import type { Selection } from "./use-selection.ts";

type Props<Row> = {
  columns: readonly Column<Row>[];
  sort: Sort;
  onSort: (sort: Sort) => void;
  selection: Selection;
  rowCount: number;
};

export function HeaderRow<Row>({ columns, sort, onSort, selection, rowCount }: Props<Row>) {
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
        {columns.map((column) => (
          <HeaderCell key={column.id} column={column} sort={sort} onSort={onSort} />
        ))}
      </tr>
    </thead>
  );
}

type CellProps<Row> = { column: Column<Row>; sort: Sort; onSort: (sort: Sort) => void };

function HeaderCell<Row>({ column: { title, sortBy, isNumber }, sort, onSort }: CellProps<Row>) {
  const isSorted = sortBy !== undefined && sort.by === sortBy;
  const className = isNumber ? `${classes.headCell} ${classes.number}` : classes.headCell;
  if (sortBy === undefined)
    return (
      <th scope="col" className={className}>
        {title}
      </th>
    );
  const Arrow = sort.descending ? IconArrowDown : IconArrowUp;
  return (
    <th
      scope="col"
      aria-sort={isSorted ? (sort.descending ? "descending" : "ascending") : "none"}
      className={className}
    >
      <button
        type="button"
        className={classes.sort}
        onClick={() => onSort({ by: sortBy, descending: isSorted && !sort.descending })}
      >
        {title}
        {isSorted && <Arrow size={13} aria-hidden />}
      </button>
    </th>
  );
}
