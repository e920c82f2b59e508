import { Menu } from "@mantine/core";
import { IconBraces, IconCopy, IconTerminal2, IconTextSize } from "@tabler/icons-react";
import type { Column } from "./column.ts";
import type { CopyRequest } from "./copy-rows.ts";
import classes from "./row-menu.module.css";

/** Where the menu opens, in pixels of the window, and on what. */
export type RowMenuAt<Row> = {
  x: number;
  y: number;
  row: Row;
  column: Column<Row> | null;
  /** The rows that are copied: the selection where the row is part of it. */
  rows: readonly Row[];
  isSelection: boolean;
};

type Props<Row> = {
  at: RowMenuAt<Row>;
  onCopy: (request: CopyRequest<Row>) => void;
  onClose: () => void;
};

/** What can be copied of a cell, a row or the selection. */
export function RowMenu<Row>({ at, onCopy, onClose }: Props<Row>) {
  const { x, y, row, column, rows, isSelection } = at;
  const what = isSelection ? `${rows.length} rows` : "the row";
  const copyRows = (kind: "text" | "json" | "command") => onCopy({ kind, rows, isSelection });
  return (
    <Menu opened position="bottom-start" returnFocus={false} onChange={(isOpen) => isOpen || onClose()}>
      <Menu.Target>
        <button
          type="button"
          tabIndex={-1}
          aria-label="Menu of the row"
          className={classes.anchor}
          style={{ left: x, top: y }}
        />
      </Menu.Target>
      <Menu.Dropdown>
        {column && (
          <Menu.Item
            leftSection={<IconCopy size={15} />}
            rightSection={<kbd>Ctrl C</kbd>}
            onClick={() => onCopy({ kind: "cell", row, column })}
          >
            Copy {column.title}
          </Menu.Item>
        )}
        <Menu.Item leftSection={<IconTextSize size={15} />} onClick={() => copyRows("text")}>
          Copy {what} as text
        </Menu.Item>
        <Menu.Item leftSection={<IconBraces size={15} />} onClick={() => copyRows("json")}>
          Copy {what} as JSON
        </Menu.Item>
        <Menu.Item leftSection={<IconTerminal2 size={15} />} onClick={() => copyRows("command")}>
          Copy the command line
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
