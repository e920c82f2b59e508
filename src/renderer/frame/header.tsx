import { ActionIcon, Button, Menu, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import {
  IconCheck,
  IconDeviceDesktop,
  IconFileSearch,
  IconKeyboard,
  IconLockOpen2,
  IconMoon,
  IconRadar2,
  IconSearch,
  IconSun,
} from "@tabler/icons-react";
import { Link, useLocation } from "@tanstack/react-router";
import { useEffect } from "react";
import { tinykeys } from "tinykeys";
import { RunningRun } from "#renderer/features/runs/run-drawer.tsx";
import { RunningScan } from "#renderer/features/scans/scan-state.tsx";
import { useLock, useVault } from "#renderer/features/settings/queries.ts";
import chip from "#renderer/ui/header-chip.module.css";
import { toast } from "#renderer/ui/toast.tsx";
import classes from "./frame.module.css";
import { findScreen, type Screen, type ScreenGroup } from "./screens.ts";

type Props = { onScan: () => void; onInspect: () => void; onHelp: () => void; onFind: () => void };

export function Header({ onScan, onInspect, onHelp, onFind }: Props) {
  const path = useLocation({ select: ({ pathname }) => pathname });
  const found = findScreen(path);
  const name = found?.screen.name ?? "Latchkey";
  useEffect(() => {
    document.title = `${name} - Latchkey`;
  }, [name]);
  return (
    <header className={classes.header}>
      {found && found.group.screens.length > 1 ? (
        <Tabs group={found.group} screen={found.screen} />
      ) : (
        <h1 className={classes.title}>{name}</h1>
      )}
      <span className={classes.space} />
      <OpenVaultChip />
      <RunningRun />
      <RunningScan />
      <ActionIcon
        variant="subtle"
        color="gray"
        size={30}
        aria-label="Find anything"
        title="Find anything (Ctrl+K)"
        onClick={onFind}
      >
        <IconSearch size={18} stroke={1.7} />
      </ActionIcon>
      <Button
        size="xs"
        h={30}
        leftSection={<IconRadar2 size={16} />}
        title="Scan (c)"
        onClick={() => onScan()}
      >
        Scan
      </Button>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={30}
        aria-label="Inspect a file"
        title="Inspect a file (Ctrl+I)"
        onClick={onInspect}
      >
        <IconFileSearch size={18} stroke={1.7} />
      </ActionIcon>
      <ThemeMenu />
      <ActionIcon
        variant="subtle"
        color="gray"
        size={30}
        aria-label="Keyboard shortcuts"
        title="Keyboard shortcuts (?)"
        onClick={onHelp}
      >
        <IconKeyboard size={18} stroke={1.7} />
      </ActionIcon>
    </header>
  );
}

const showHere = (tab: HTMLElement | null): void =>
  tab?.scrollIntoView({ inline: "nearest", block: "nearest" });

/** The screens of a group beside each other; that which is shown is the title of the page. */
function Tabs({ group, screen }: { group: ScreenGroup; screen: Screen }) {
  return (
    <nav className={classes.tabs} aria-label={group.name}>
      {group.screens.map(({ to, name, key }) =>
        to === screen.to ? (
          <h1 key={to} className={classes.title}>
            <Link to={to} ref={showHere} className={`${classes.tab} ${classes.tabHere}`} aria-current="page">
              {name}
            </Link>
          </h1>
        ) : (
          <Link key={to} to={to} className={classes.tab} title={`${name} (g ${key})`}>
            {name}
          </Link>
        ),
      )}
    </nav>
  );
}

const THEMES = [
  { value: "auto", name: "As the system", Icon: IconDeviceDesktop },
  { value: "light", name: "Light", Icon: IconSun },
  { value: "dark", name: "Dark", Icon: IconMoon },
] as const;

function ThemeMenu() {
  const { colorScheme, setColorScheme } = useMantineColorScheme({ keepTransitions: true });
  const { Icon } = THEMES.find(({ value }) => value === colorScheme) ?? THEMES[0];
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="subtle" color="gray" size={30} aria-label="Theme" title="Theme">
          <Icon size={18} stroke={1.7} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        {THEMES.map((theme) => (
          <Menu.Item
            key={theme.value}
            leftSection={<theme.Icon size={16} />}
            rightSection={
              theme.value === colorScheme ? <IconCheck size={14} aria-label="chosen" /> : undefined
            }
            onClick={() => setColorScheme(theme.value)}
          >
            {theme.name}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}

/** Says on every screen that the vault is open. A click on it, or its key, locks the vault, wherever the focus is. */
function OpenVaultChip() {
  const { data } = useVault();
  const { mutate } = useLock();
  const isOpen = data?.state === "open";
  useEffect(() => {
    if (!isOpen) return;
    return tinykeys(
      window,
      {
        "$mod+l": (event) => {
          event.preventDefault();
          mutate(undefined, { onSuccess: () => toast("The vault is locked") });
        },
      },
      { capture: true },
    );
  }, [isOpen, mutate]);
  if (!isOpen) return null;
  return (
    <UnstyledButton
      className={chip.chip}
      title="Lock the vault (Ctrl+L)"
      onClick={() => mutate(undefined, { onSuccess: () => toast("The vault is locked") })}
    >
      <IconLockOpen2 size={15} aria-hidden /> Vault open
    </UnstyledButton>
  );
}
