import { createContext, type ReactNode, use, useMemo, useState } from "react";
import {
  type Arrangement,
  AS_IT_IS,
  type Density,
  ListPreferences,
  MOST_VIEWS,
  type SavedView,
} from "#shared/model/list-preferences.ts";

type Preferences = {
  density: Density;
  setDensity(density: Density): void;
  arrangementOf(list: string): Arrangement;
  arrange(list: string, columns: Arrangement): void;
  viewsOf(list: string): readonly SavedView[];
  setViews(list: string, views: readonly SavedView[]): void;
};

const NO_VIEWS: readonly SavedView[] = [];

const STORED_AS = "latchkey-preferences";

const PreferencesContext = createContext<Preferences | null>(null);

/** How this person likes the lists; kept in the browser, since it says nothing about the hosts. */
export function PreferencesProvider({ children }: { children: ReactNode }) {
  const [stored, setStored] = useState(readStored);
  const preferences = useMemo<Preferences>(() => {
    const change = (next: ListPreferences) => {
      localStorage.setItem(STORED_AS, JSON.stringify(next));
      setStored(next);
    };
    const changeList = (
      list: string,
      { columns, views }: { columns?: Arrangement; views?: readonly SavedView[] },
    ) => {
      const before = stored.lists[list];
      const next = {
        columns: columns ?? before?.columns ?? AS_IT_IS,
        views: [...(views ?? before?.views ?? NO_VIEWS)].slice(0, MOST_VIEWS),
      };
      change({ ...stored, lists: { ...stored.lists, [list]: next } });
    };
    return {
      density: stored.density,
      setDensity: (density) => change({ ...stored, density }),
      arrangementOf: (list) => stored.lists[list]?.columns ?? AS_IT_IS,
      arrange: (list, columns) => changeList(list, { columns }),
      viewsOf: (list) => stored.lists[list]?.views ?? NO_VIEWS,
      setViews: (list, views) => changeList(list, { views }),
    };
  }, [stored]);
  return <PreferencesContext value={preferences}>{children}</PreferencesContext>;
}

export function usePreferences(): Preferences {
  const preferences = use(PreferencesContext);
  if (!preferences) throw new Error("usePreferences needs a PreferencesProvider above it");
  return preferences;
}

/** What cannot be read is as if nothing had been chosen. */
function readStored(): ListPreferences {
  const read = (text: string): unknown => {
    try {
      return JSON.parse(text);
    } catch (error) {
      if (error instanceof SyntaxError) return {};
      throw error;
    }
  };
  return ListPreferences.catch({ density: "comfortable", lists: {} }).parse(
    read(localStorage.getItem(STORED_AS) ?? "{}"),
  );
}
