import { Menu } from "@mantine/core";
import { IconCheck, IconChevronDown, IconX } from "@tabler/icons-react";
import { formatUntrusted } from "#renderer/ui/text.tsx";
import type { Total } from "#shared/model/total.ts";
import { markAmount } from "#shared/text/total.ts";
import classes from "./list-screen.module.css";

type Props<Value extends string | number> = {
  title: string;
  value: Value | undefined;
  options: readonly { value: Value; label: string }[];
  /** What stands while nothing is chosen, where that is no filter but one of several ways. */
  usual?: string;
  onChange: (value: Value | undefined) => void;
};

/** One filter: what may be chosen, and as a chip what is. */
export function Facet<Value extends string | number>(props: Props<Value>) {
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
