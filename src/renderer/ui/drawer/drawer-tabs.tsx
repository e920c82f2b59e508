import { Tabs } from "@mantine/core";
import type { ReactNode } from "react";
import classes from "./drawer-tabs.module.css";

type DrawerTab<Name extends string> = { name: Name; title: string; render: () => ReactNode };

/** The parts of a drawer that holds too much for one page. Only the one that is shown is rendered, so only it asks. */
export function DrawerTabs<Name extends string>({
  label,
  tabs,
  open,
  onOpen,
}: {
  label: string;
  tabs: readonly DrawerTab<Name>[];
  /** The first one is shown for a name that is not there. */
  open: Name | undefined;
  onOpen: (name: Name) => void;
}) {
  const shown = tabs.find(({ name }) => name === open) ?? tabs[0];
  if (!shown) return null;
  return (
    <Tabs
      value={shown.name}
      onChange={(name) => name !== null && onOpen(name as Name)}
      keepMounted={false}
      classNames={{ list: classes.list, tab: classes.tab }}
    >
      <Tabs.List aria-label={label}>
        {tabs.map(({ name, title }) => (
          <Tabs.Tab key={name} value={name}>
            {title}
          </Tabs.Tab>
        ))}
      </Tabs.List>
      <Tabs.Panel value={shown.name}>{shown.render()}</Tabs.Panel>
    </Tabs>
  );
}
