import { ActionIcon, Button, Menu, Popover, TextInput } from "@mantine/core";
import {
  IconAdjustmentsHorizontal,
  IconBookmark,
  IconCheck,
  IconChevronDown,
  IconDownload,
  IconRestore,
  IconTerminal2,
  IconTrash,
  IconX,
} from "@tabler/icons-react";
import { type FormEvent, useRef, useState } from "react";
import { usePreferences } from "#renderer/ui/preferences.tsx";
import { formatUntrusted } from "#renderer/ui/text.tsx";
import { toast } from "#renderer/ui/toast.tsx";
import { AS_IT_IS, MOST_VIEWS, type SavedView } from "#shared/model/list-preferences.ts";
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
  const { density, setDensity, arrangementOf, arrange } = usePreferences();
  const arrangement = arrangementOf(name);
  const { hidden, order, widths } = arrangement;
  const toggle = (id: string) =>
    arrange(name, {
      order,
      widths,
      hidden: hidden.includes(id) ? hidden.filter((other) => other !== id) : [...hidden, id],
    });
  const mark = (isOn: boolean) => (isOn ? <IconCheck size={14} aria-label="on" /> : undefined);
  const isArranged = hidden.length > 0 || order.length > 0 || Object.keys(widths).length > 0;
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
          {isArranged && (
            <Menu.Item leftSection={<IconRestore size={15} />} onClick={() => arrange(name, AS_IT_IS)}>
              Reset the columns
            </Menu.Item>
          )}
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

type SavedViewsProps = {
  name: string;
  /** What of the address a view keeps. */
  address: SavedView["address"];
  /** Replaces what a view keeps of the address. */
  onApply: (address: SavedView["address"]) => void;
};

/** Views of a list by name: filter, order and columns together. */
export function SavedViews({ name, address, onApply }: SavedViewsProps) {
  const { viewsOf, setViews, arrangementOf, arrange } = usePreferences();
  const [text, setText] = useState("");
  const views = viewsOf(name);
  /** What undoes a deletion comes later than the change that it undoes. */
  const latest = useRef({ views, setViews });
  latest.current = { views, setViews };
  const save = (event: FormEvent) => {
    event.preventDefault();
    const view = { name: text.trim(), address, columns: arrangementOf(name) };
    if (view.name === "") return;
    setViews(name, [...views.filter((one) => one.name !== view.name), view]);
    setText("");
    toast(`Saved the view ${formatUntrusted(view.name)}`);
  };
  const drop = (view: SavedView, index: number) => {
    setViews(name, views.toSpliced(index, 1));
    toast(`Deleted the view ${formatUntrusted(view.name)}`, () => {
      const now = latest.current;
      const others = now.views.filter((one) => one.name !== view.name);
      now.setViews(name, others.toSpliced(index, 0, view));
    });
  };
  return (
    <Popover position="bottom-end" trapFocus shadow="md">
      <Popover.Target>
        <ActionIcon variant="default" size={30} aria-label="Saved views" title="Saved views">
          <IconBookmark size={16} />
        </ActionIcon>
      </Popover.Target>
      <Popover.Dropdown className={classes.views} aria-label="Saved views">
        {views.length === 0 && (
          <p className={classes.noViews}>A view keeps the filter, the order and the columns.</p>
        )}
        <ul>
          {views.map((view, index) => (
            <li key={view.name} className={classes.view}>
              <button
                type="button"
                className={classes.viewName}
                onClick={() => {
                  arrange(name, view.columns);
                  onApply(view.address);
                }}
              >
                {formatUntrusted(view.name)}
              </button>
              <ActionIcon
                variant="subtle"
                color="gray"
                size={24}
                aria-label={`Delete the view ${formatUntrusted(view.name)}`}
                onClick={() => drop(view, index)}
              >
                <IconTrash size={15} />
              </ActionIcon>
            </li>
          ))}
        </ul>
        {views.length < MOST_VIEWS && (
          <form className={classes.saveView} onSubmit={save}>
            <TextInput
              size="xs"
              aria-label="Name of this view"
              placeholder="Name of this view"
              maxLength={60}
              value={text}
              onChange={(event) => setText(event.currentTarget.value)}
            />
            <Button type="submit" size="xs" variant="default" disabled={text.trim() === ""}>
              Save
            </Button>
          </form>
        )}
      </Popover.Dropdown>
    </Popover>
  );
}
