import { type CSSProperties, type MouseEvent, memo } from "react";
import type { Column } from "./column.ts";
import classes from "./data-table.module.css";

type Props<Row> = {
  id: string;
  row: Row;
  index: number;
  columns: readonly Column<Row>[];
  place: CSSProperties;
  isSelected: boolean;
  isCursor: boolean;
  isOpen: boolean;
  onPress: (id: string, event: { shiftKey: boolean; isToggle: boolean }) => void;
};

function BodyRowAsWritten<Row>(props: Props<Row>) {
  const { id, row, index, columns, place, isSelected, isCursor, isOpen, onPress } = props;
  const press = (event: MouseEvent) => {
    if (event.target instanceof Element && event.target.closest("button, a, input")) return;
    onPress(id, { shiftKey: event.shiftKey, isToggle: event.metaKey || event.ctrlKey });
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
      style={place}
      onClick={press}
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
        <td key={column.id} className={column.isNumber ? `${classes.cell} ${classes.number}` : classes.cell}>
          {column.cell(row)}
        </td>
      ))}
    </tr>
  );
}

/** Scrolling renders the table again and again; a row whose data did not change is left alone. */
export const BodyRow = memo(
  BodyRowAsWritten,
  (before, after) =>
    before.row === after.row &&
    before.columns.length === after.columns.length &&
    before.index === after.index &&
    before.place.transform === after.place.transform &&
    before.place.height === after.place.height &&
    before.isSelected === after.isSelected &&
    before.isCursor === after.isCursor &&
    before.isOpen === after.isOpen &&
    before.onPress === after.onPress,
) as typeof BodyRowAsWritten;
