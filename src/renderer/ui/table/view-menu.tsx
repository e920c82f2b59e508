import { ActionIcon, Button, Menu } from "@mantine/core";
import { IconAdjustmentsHorizontal, IconCheck, IconDownload } from "@tabler/icons-react";
import { usePreferences } from "#renderer/ui/preferences.tsx";
import type { Column } from "./column.ts";
import classes from "./list-screen.module.css";

type Props<Row> = { name: string; columns: readonly Column<Row>[]; onExport: () => void };

/** How the list looks: density and columns; and the whole view as a file. */
export function ViewMenu<Row>({ name, columns, onExport }: Props<Row>) {
  const { density, setDensity, hiddenIn, setHidden } = usePreferences();
  const hidden = hiddenIn(name);
  const toggle = (id: string) =>
    setHidden(name, hidden.includes(id) ? hidden.filter((other) => other !== id) : [...hidden, id]);
  const mark = (isOn: boolean) => (isOn ? <IconCheck size={14} aria-label="on" /> : undefined);
  return (
    <>
      <Menu position="bottom-end" closeOnItemClick={false}>
        <Menu.Target>
          <ActionIcon
            variant="default"
            size={30}
            aria-label="Columns and density"
            title="Columns and density"
          >
            <IconAdjustmentsHorizontal size={16} />
          </ActionIcon>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>Density</Menu.Label>
          {(["comfortable", "compact"] as const).map((each) => (
            <Menu.Item key={each} rightSection={mark(each === density)} onClick={() => setDensity(each)}>
              {each === "compact" ? "Compact" : "Comfortable"}
            </Menu.Item>
          ))}
          <Menu.Divider />
          <Menu.Label>Columns</Menu.Label>
          {columns.slice(1).map(({ id, title }) => (
            <Menu.Item key={id} rightSection={mark(!hidden.includes(id))} onClick={() => toggle(id)}>
              {title}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <Button
        variant="default"
        size="xs"
        h={30}
        className={classes.export}
        leftSection={<IconDownload size={15} />}
        title="Export every row of this view as CSV (e)"
        onClick={onExport}
      >
        <span className={classes.exportWords}>Export CSV</span>
      </Button>
    </>
  );
}
