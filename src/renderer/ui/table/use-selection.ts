import { useMemo, useRef, useState } from "react";

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
