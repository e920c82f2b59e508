import { ActionIcon, Tabs } from "@mantine/core";
import { IconCheck, IconLink, IconX } from "@tabler/icons-react";
import { createContext, type PointerEvent, type ReactNode, use, useEffect, useRef, useState } from "react";
import { useCopied, useLinkToHere } from "#renderer/ui/fingerprint.tsx";
import type { Total } from "#shared/model/total.ts";
import { markAmount } from "#shared/text/count.ts";
import classes from "./drawer.module.css";
import drawerTabsClasses from "./drawer-tabs.module.css";

/** `peek` leaves the focus in the list; `open` takes it. */
export const DrawerModeContext = createContext<"peek" | "open">("peek");

const WIDTH = { usual: 480, least: 360, most: 960 };
const STORED_AS = "latchkey-drawer-width";

type Props = {
  label: string;
  title: ReactNode;
  subtitle?: ReactNode;
  onClose: () => void;
  children: ReactNode;
};

/**
 * The facts about one row, beside the list. Not a dialog: the rows that it leaves visible can be pressed, and the keys
 * of the list still work. The tools above the rows stand beside it (`--lk-covered`).
 */
export function Drawer({ label, title, subtitle, onClose, children }: Props) {
  const ref = useRef<HTMLElement>(null);
  const mode = use(DrawerModeContext);
  const { width, grip } = useWidth();
  useEffect(() => {
    const { style } = document.documentElement;
    style.setProperty("--lk-drawer-width", `${width}px`);
    return () => void style.removeProperty("--lk-drawer-width");
  }, [width]);
  useEffect(() => {
    if (mode === "open") ref.current?.focus();
  }, [mode]);
  return (
    <aside ref={ref} aria-label={label} tabIndex={-1} className={classes.drawer} style={{ width }}>
      <div className={classes.grip} {...grip} aria-hidden />
      <header className={classes.header}>
        <div className={classes.titles}>
          <h2 className={classes.title}>{title}</h2>
          {subtitle && <div className={classes.subtitle}>{subtitle}</div>}
        </div>
        <CopyLink />
        <ActionIcon
          variant="subtle"
          color="gray"
          size={28}
          aria-label="Close"
          title="Close (Esc)"
          onClick={onClose}
        >
          <IconX size={17} />
        </ActionIcon>
      </header>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard */}
      <section className={classes.body} tabIndex={0} aria-label={`Details of the ${label}`}>
        {children}
      </section>
    </aside>
  );
}

function CopyLink() {
  const linkToHere = useLinkToHere();
  const { isCopied, copy } = useCopied();
  const Icon = isCopied ? IconCheck : IconLink;
  const words = isCopied ? "Copied" : "Copy a link to this row";
  return (
    <ActionIcon
      variant="subtle"
      color="gray"
      size={28}
      aria-label={words}
      title={words}
      onClick={() => {
        const link = linkToHere();
        if (link !== null) copy(link);
      }}
    >
      <Icon size={16} />
    </ActionIcon>
  );
}

function useWidth() {
  const [width, setWidth] = useState(() => Number(localStorage.getItem(STORED_AS)) || WIDTH.usual);
  const grip = {
    onPointerDown: (event: PointerEvent<HTMLElement>) =>
      event.currentTarget.setPointerCapture(event.pointerId),
    onPointerMove: (event: PointerEvent<HTMLElement>) => {
      if (!event.currentTarget.hasPointerCapture(event.pointerId)) return;
      const most = Math.min(WIDTH.most, window.innerWidth - 240);
      setWidth(Math.min(Math.max(window.innerWidth - event.clientX, WIDTH.least), most));
    },
    onPointerUp: () => localStorage.setItem(STORED_AS, String(width)),
    onDoubleClick: () => setWidth(WIDTH.usual),
  };
  return { width, grip };
}

/** A part of a drawer under its own heading. */
export function Section({
  title,
  count,
  action,
  children,
}: {
  title: string;
  count?: Total;
  action?: ReactNode;
  children: ReactNode;
}) {
  return (
    <section className={classes.section}>
      <div className={classes.sectionHead}>
        <h3 className={classes.sectionTitle}>
          {title}
          {count !== undefined && <span className={classes.count}>{markAmount(count)}</span>}
        </h3>
        {action}
      </div>
      {children}
    </section>
  );
}

/** Names and values, one a line. */
export function Facts({ children }: { children: ReactNode }) {
  return <dl className={classes.facts}>{children}</dl>;
}

export function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div className={classes.fact}>
      <dt className={classes.name}>{name}</dt>
      <dd className={classes.value}>{children}</dd>
    </div>
  );
}

/** Lines of a list in a drawer, each with something at its right. */
export function Lines({ children }: { children: ReactNode }) {
  return <ul className={classes.lines}>{children}</ul>;
}

export function Line({ children, end, below }: { children: ReactNode; end?: ReactNode; below?: ReactNode }) {
  return (
    <li className={classes.line}>
      <div className={classes.lineTop}>
        <div className={classes.lineMain}>{children}</div>
        {end && <div className={classes.lineEnd}>{end}</div>}
      </div>
      {below && <div className={classes.lineBelow}>{below}</div>}
    </li>
  );
}

/** Text as it stands in a file. Narrow: lines of 64 characters fit. */
export function Verbatim({ children, isNarrow = false }: { children: ReactNode; isNarrow?: boolean }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by keyboard
    <pre className={isNarrow ? `${classes.verbatim} ${classes.narrow}` : classes.verbatim} tabIndex={0}>
      {children}
    </pre>
  );
}

type DrawerTab<Name extends string> = { name: Name; title: string; render: () => ReactNode };

/** The tabs of a drawer that holds too much for one page. Only the open tab is rendered, so only that one fetches. */
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
      classNames={{ list: drawerTabsClasses.list, tab: drawerTabsClasses.tab }}
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
