import { ActionIcon, Button, Menu } from "@mantine/core";
import {
  IconAdjustmentsHorizontal,
  IconCheck,
  IconChevronDown,
  IconDownload,
  IconTerminal2,
  IconX,
} from "@tabler/icons-react";
import { usePreferences } from "#renderer/ui/preferences.tsx";
import { formatUntrusted } from "#renderer/ui/text.tsx";
import type { Total } from "#shared/model/total.ts";
import { markAmount } from "#shared/text/count.ts";
import type { Column } from "./column.ts";
import classes from "./list-screen.module.css";

type FacetProps<Value extends string | number> = {
  title: string;
  value: Value | undefined;
  options: readonly { value: Value; label: string }[];
  /** The label while nothing is chosen, where that is one of several choices and not the absence of a filter. */
  usual?: string;
  onChange: (value: Value | undefined) => void;
};

/** One filter: its choices, and the chosen one as a chip. */
export function Facet<Value extends string | number>(props: FacetProps<Value>) {
  const { title, value, options, usual, onChange } = props;
  const chosen = options.find((option) => option.value === value);
  const said = chosen?.label ?? usual;
  return (
    <span className={classes.facets}>
      <Menu position="bottom-start">
        <Menu.Target>
          <button
            type="button"
            className={chosen ? `${classes.facet} ${classes.chosen} ${classes.chip}` : classes.facet}
          >
            {said ? `${title}: ${said}` : title}
            {!chosen && <IconChevronDown size={13} aria-hidden />}
          </button>
        </Menu.Target>
        <Menu.Dropdown>
          {options.map((option) => (
            <Menu.Item
              key={option.value}
              rightSection={option.value === value ? <IconCheck size={14} aria-label="chosen" /> : undefined}
              onClick={() => onChange(option.value === value ? undefined : option.value)}
            >
              {option.label}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {chosen && <DropButton title={title} onDrop={() => onChange(undefined)} />}
    </span>
  );
}

type ToggleProps = {
  title: string;
  count: Total | undefined;
  isOn: boolean;
  onChange: (isOn: boolean) => void;
};

/** A filter that is on or off, with how many it lets through by itself. */
export function ToggleFacet({ title, count, isOn, onChange }: ToggleProps) {
  return (
    <button
      type="button"
      aria-pressed={isOn}
      className={isOn ? `${classes.facet} ${classes.chosen}` : classes.facet}
      onClick={() => onChange(!isOn)}
    >
      {isOn && <IconCheck size={13} aria-hidden />}
      {title}
      {count !== undefined && <span className={classes.facetCount}>{markAmount(count)}</span>}
    </button>
  );
}

/** A filter that only a link sets, such as one host: it can be seen and dropped. */
export function FixedFacet({ title, value, onDrop }: { title: string; value: string; onDrop: () => void }) {
  return (
    <span className={classes.facets}>
      <span className={`${classes.facet} ${classes.chosen} ${classes.chip}`}>
        {title}: {formatUntrusted(value.length > 24 ? `${value.slice(0, 14)}…${value.slice(-8)}` : value)}
      </span>
      <DropButton title={title} onDrop={onDrop} />
    </span>
  );
}

function DropButton({ title, onDrop }: { title: string; onDrop: () => void }) {
  return (
    <button
      type="button"
      className={`${classes.facet} ${classes.chosen} ${classes.drop}`}
      aria-label={`Drop the filter ${title}`}
      onClick={onDrop}
    >
      <IconX size={13} />
    </button>
  );
}

type ViewMenuProps<Row> = {
  name: string;
  columns: readonly Column<Row>[];
  onExport: () => void;
  onCopyCommand: () => void;
};

/** How the list is shown: density and columns; and the whole view as a command line, or as a file. */
export function ViewMenu<Row>({ name, columns, onExport, onCopyCommand }: ViewMenuProps<Row>) {
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
          <Menu.Divider />
          <Menu.Item closeMenuOnClick leftSection={<IconTerminal2 size={15} />} onClick={onCopyCommand}>
            Copy the command line
          </Menu.Item>
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
