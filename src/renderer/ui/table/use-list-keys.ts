import { useEffect, useMemo, useRef, useState } from "react";
import { useKeys } from "#renderer/ui/use-keys.ts";

export type Selection = {
  ids: ReadonlySet<string>;
  toggle(id: string): void;
  /** Everything between the last row that was toggled and this one. */
  extendTo(id: string): void;
  selectAll(): void;
  clear(): void;
};

/** Which rows are selected, by identity: they stay selected when the list is sorted or fetched anew. */
export function useSelection(rowIds: readonly string[]): Selection {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const anchor = useRef<string | null>(null);
  return useMemo(
    () => ({
      ids,
      toggle: (id) => {
        anchor.current = id;
        const next = new Set(ids);
        if (!next.delete(id)) next.add(id);
        setIds(next);
      },
      extendTo: (id) => {
        const from = rowIds.indexOf(anchor.current ?? id);
        const to = rowIds.indexOf(id);
        anchor.current ??= id;
        setIds(new Set([...ids, ...rowIds.slice(Math.min(from, to), Math.max(from, to) + 1)]));
      },
      selectAll: () => setIds(new Set(rowIds)),
      clear: () => setIds(new Set()),
    }),
    [ids, rowIds],
  );
}

type ListKeysOptions = {
  rowIds: readonly string[];
  /** The columns that are shown, in their order. */
  columnIds: readonly string[];
  selection: Selection;
  openId: string | null;
  onOpen: (id: string | null, how: { isWalk: boolean }) => void;
  onExport: () => void;
  onMenu: (id: string) => void;
  focusSearch: () => void;
  /** The keys of this list, each of which acts on the row that the keyboard is on. */
  actKeys: readonly string[];
  act: (key: string, id: string | null) => void;
};

/** The keyboard of a list: which row and cell it is on, and what its keys do. */
export function useListKeys(options: ListKeysOptions) {
  const { selection, openId, onOpen, onExport, onMenu, focusSearch } = options;
  const { cursor, cell, focusKey, setCursor, step, goTo, refocus, stepCell } = useCursor(options);
  const [isPeek, setIsPeek] = useState(false);

  const extend = (by: number) => () => {
    if (cursor !== null) selection.extendTo(cursor);
    const id = step(by);
    if (id !== null) selection.extendTo(id);
  };
  const walk = (by: number) => () => openId !== null && step(by);
  const open = (peeks: boolean) => () => {
    const id = cursor ?? goTo(0);
    if (id === null) return;
    setIsPeek(peeks);
    onOpen(peeks && openId === id ? null : id, { isWalk: false });
  };
  const close = () => (openId !== null ? onOpen(null, { isWalk: false }) : selection.clear());

  useKeys([
    // A key of this list comes before what the same key does in all of them.
    ...options.actKeys.map((key) => [key, () => options.act(key, openId ?? cursor)] as const),
    ...(["j", "ArrowDown"] as const).map((key) => [key, () => step(1)] as const),
    ...(["k", "ArrowUp"] as const).map((key) => [key, () => step(-1)] as const),
    ["ArrowRight", () => stepCell(1)],
    ["ArrowLeft", () => stepCell(-1)],
    ["Home", () => goTo(0)],
    ["End", () => goTo(Number.POSITIVE_INFINITY)],
    ["Shift+ArrowDown", extend(1)],
    ["Shift+ArrowUp", extend(-1)],
    ["]", walk(1)],
    ["[", walk(-1)],
    ["Enter", open(false)],
    [" ", open(true)],
    ["x", () => cursor !== null && selection.toggle(cursor)],
    ["Mod+a", selection.selectAll],
    ["e", onExport],
    [".", () => cursor !== null && onMenu(cursor)],
    ["/", focusSearch],
    ["Escape", close],
  ]);

  const press = (id: string, { shiftKey, isToggle }: { shiftKey: boolean; isToggle: boolean }) => {
    setCursor(id);
    if (shiftKey) return selection.extendTo(id);
    if (isToggle) return selection.toggle(id);
    setIsPeek(true);
    onOpen(id === openId ? null : id, { isWalk: false });
  };
  return { cursor, cell, focusKey, isPeek, press, refocus };
}

/**
 * The row that the keyboard is on, and the cell where one was chosen. `focusKey` changes when a key has moved it and the
 * focus has to follow.
 */
function useCursor({ rowIds, columnIds, openId, onOpen }: ListKeysOptions) {
  const [cursor, setCursor] = useState<string | null>(openId);
  const [cell, setCell] = useState<string | null>(null);
  const [focusKey, setFocusKey] = useState(0);

  const goTo = (index: number): string | null => {
    const id = rowIds[Math.min(Math.max(index, 0), rowIds.length - 1)] ?? null;
    setCursor(id);
    setFocusKey((key) => key + 1);
    if (id !== null && openId !== null) onOpen(id, { isWalk: true });
    return id;
  };
  /** Goes to the row where the keyboard was, else to the first, and opens nothing. */
  const refocus = () => {
    setCursor((before) => (before !== null && rowIds.includes(before) ? before : (rowIds[0] ?? null)));
    setFocusKey((key) => key + 1);
  };
  const stepCell = (by: number) => {
    if (cursor === null) return;
    const index = cell === null ? -1 : columnIds.indexOf(cell);
    setCell(columnIds[Math.min(index + by, columnIds.length - 1)] ?? null);
    setFocusKey((key) => key + 1);
  };
  // When a drawer that had the focus is closed, the list gets it back, at the row where the keyboard was.
  const openBefore = useRef(openId);
  useEffect(() => {
    const isClosed = openBefore.current !== null && openId === null;
    openBefore.current = openId;
    if (isClosed && document.activeElement === document.body) setFocusKey((key) => key + 1);
  }, [openId]);
  const step = (by: number) => goTo(rowIds.indexOf(openId ?? cursor ?? "") + by);
  return { cursor, cell, focusKey, setCursor, goTo, refocus, step, stepCell };
}

/**
 * From the search into the list. `entered` is the text that the list has to be of first: what is shown for a moment more
 * is what an earlier one found.
 */
export function useFocusOnceSettled({
  shown,
  isSettled,
  refocus,
}: {
  shown: string;
  isSettled: boolean;
  refocus: () => void;
}) {
  const [entered, setEntered] = useState<string | null>(null);
  const latest = useRef(refocus);
  latest.current = refocus;
  useEffect(() => {
    if (entered === null || entered !== shown || !isSettled) return;
    setEntered(null);
    latest.current();
  }, [entered, shown, isSettled]);
  return setEntered;
}
