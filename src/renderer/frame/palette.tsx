import { TextInput } from "@mantine/core";
import {
  IconArrowRight,
  IconCertificate,
  IconKey,
  IconServer,
  IconUser,
  type TablerIcon,
} from "@tabler/icons-react";
import { keepPreviousData, useQueries } from "@tanstack/react-query";
import { useRouter } from "@tanstack/react-router";
import { type KeyboardEvent, useState } from "react";
import { useApi } from "#renderer/api/connection.ts";
import { Dialog } from "#renderer/ui/dialog.tsx";
import { Untrusted } from "#renderer/ui/text.tsx";
import { withOwnName } from "#shared/text/hosts/own-name.ts";
import classes from "./palette.module.css";
import { findScreen, SCREENS } from "./screens.ts";

/** Something that was found, and what choosing it does. */
type Found = { id: string; Icon: TablerIcon; title: string; hint: string; choose: () => void };

type Props = {
  actions: { scan: () => void; inspect: () => void; shortcuts: () => void };
  onClose: () => void;
};

/** Finds hosts, people, keys, certificates, screens and actions by a few letters; all of it by keyboard. */
export function Palette({ actions, onClose }: Props) {
  const [text, setText] = useState("");
  const [chosen, setChosen] = useState(0);
  const found = [...useCommands(text, actions), ...useThings(text)];
  const at = Math.min(chosen, Math.max(0, found.length - 1));
  const choose = (one: Found | undefined) => {
    if (!one) return;
    onClose();
    one.choose();
  };
  const press = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step === undefined && event.key !== "Enter") return;
    event.preventDefault();
    if (step === undefined) choose(found[at]);
    else setChosen((at + step + found.length) % Math.max(1, found.length));
  };
  return (
    <Dialog title="Find anything" isOpen onClose={onClose} width={620}>
      <TextInput
        data-autofocus
        aria-label="Find hosts, people, keys, certificates, screens and actions"
        placeholder="A host, a person, a key, a certificate, a screen, an action"
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value);
          setChosen(0);
        }}
        onKeyDown={press}
        role="combobox"
        aria-expanded={found.length > 0}
        aria-controls="palette"
        aria-activedescendant={found[at] ? `palette-${at}` : undefined}
        autoComplete="off"
      />
      <div role="listbox" id="palette" aria-label="Found" className={classes.found}>
        {found.map((one, index) => (
          // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
          <div
            key={one.id}
            id={`palette-${index}`}
            ref={index === at ? showChosen : undefined}
            role="option"
            tabIndex={-1}
            aria-selected={index === at}
            className={index === at ? `${classes.option} ${classes.chosen}` : classes.option}
            onClick={() => choose(one)}
          >
            <one.Icon size={16} stroke={1.7} aria-hidden />
            <span className={classes.title}>
              <Untrusted text={one.title} limit={100} isCut />
            </span>
            <span className={classes.hint}>
              <Untrusted text={one.hint} limit={60} isCut />
            </span>
          </div>
        ))}
      </div>
      {found.length === 0 && <p className={classes.none}>Nothing has these words in it</p>}
    </Dialog>
  );
}

const showChosen = (option: HTMLElement | null): void => option?.scrollIntoView({ block: "nearest" });

/** Screens and actions whose names have every word. */
function useCommands(text: string, { scan, inspect, shortcuts }: Props["actions"]): Found[] {
  const router = useRouter();
  const screens = SCREENS.map(({ to, name, key }): Found => {
    const group = findScreen(to)?.group;
    return {
      id: to,
      Icon: group?.Icon ?? IconArrowRight,
      title: name,
      hint: group && group.name !== name ? `screen of ${group.name}, g ${key}` : `screen, g ${key}`,
      choose: () => void router.navigate({ to }),
    };
  });
  const actions: Found[] = [
    { id: "scan", Icon: IconArrowRight, title: "Scan", hint: "action, c", choose: () => scan() },
    { id: "inspect", Icon: IconArrowRight, title: "Inspect a file", hint: "action, Ctrl+I", choose: inspect },
    {
      id: "shortcuts",
      Icon: IconArrowRight,
      title: "Keyboard shortcuts",
      hint: "action, ?",
      choose: shortcuts,
    },
  ];
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const all = [...screens, ...actions];
  return all.filter(({ title, hint }) =>
    words.every((word) => `${title} ${hint}`.toLowerCase().includes(word)),
  );
}

const MOST_OF_KIND = 5;

/** Rows of the lists whose texts have every word. */
function useThings(text: string): Found[] {
  const api = useApi();
  const router = useRouter();
  const search = text.trim().slice(0, 200);
  const options = { enabled: search !== "", placeholderData: keepPreviousData };
  const input = { search, limit: MOST_OF_KIND };
  const [hosts, people, certificates, grants] = useQueries({
    queries: [
      api.hosts.list.queryOptions({ input, ...options }),
      api.people.list.queryOptions({ input, ...options }),
      api.certificates.list.queryOptions({ input, ...options }),
      api.access.list.queryOptions({ input: { search, limit: 100 }, ...options }),
    ],
  });
  // What an earlier search has found is not for Enter.
  if (
    search === "" ||
    [hosts, people, certificates, grants].some(({ isPlaceholderData }) => isPlaceholderData)
  )
    return [];
  const keys = new Map(
    (grants.data?.rows ?? []).flatMap(({ fingerprint, comment }) =>
      fingerprint === null ? [] : [[fingerprint, comment] as const],
    ),
  );
  return [
    ...(hosts.data?.rows ?? []).map(
      ({ id, host, hostname }): Found => ({
        id: `host ${id}`,
        Icon: IconServer,
        title: withOwnName(host, host, hostname),
        hint: "host",
        choose: () => void router.navigate({ to: "/hosts", search: { open: id } }),
      }),
    ),
    ...(people.data?.rows ?? []).map(
      ({ id, name, logins }): Found => ({
        id: `person ${id}`,
        Icon: IconUser,
        title: name,
        hint: `person, ${logins.join(" ")}`,
        choose: () => void router.navigate({ to: "/people", search: { open: id } }),
      }),
    ),
    ...(certificates.data?.rows ?? []).map(
      ({ sha256, commonName, subject }): Found => ({
        id: sha256,
        Icon: IconCertificate,
        title: commonName ?? subject,
        hint: `certificate, ${sha256.slice(0, 12)}`,
        choose: () => void router.navigate({ to: "/certificates", search: { open: sha256 } }),
      }),
    ),
    ...[...keys].slice(0, MOST_OF_KIND).map(
      ([fingerprint, comment]): Found => ({
        id: fingerprint,
        Icon: IconKey,
        title: comment || fingerprint,
        hint: `key, ${fingerprint.slice(0, 17)}`,
        choose: () => void router.navigate({ to: "/access", search: { fingerprint } }),
      }),
    ),
  ];
}
