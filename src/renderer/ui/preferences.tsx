import { createContext, type ReactNode, use, useMemo, useState } from "react";

type Density = "compact" | "comfortable";

type Preferences = {
  density: Density;
  setDensity(density: Density): void;
  /** Ids of the columns that are hidden in a list. */
  hiddenIn(list: string): readonly string[];
  setHidden(list: string, columns: readonly string[]): void;
};

const STORED_AS = "latchkey-preferences";
type Stored = { density: Density; hidden: Record<string, readonly string[]> };

const NONE: readonly string[] = [];

const PreferencesContext = createContext<Preferences | null>(null);

/** How this person likes the lists; kept in the browser, since it says nothing about the hosts. */
export function PreferencesProvider({ children }: { children: ReactNode }) {
  const [stored, setStored] = useState(readStored);
  const preferences = useMemo<Preferences>(() => {
    const change = (next: Stored) => {
      localStorage.setItem(STORED_AS, JSON.stringify(next));
      setStored(next);
    };
    return {
      density: stored.density,
      setDensity: (density) => change({ ...stored, density }),
      hiddenIn: (list) => stored.hidden[list] ?? NONE,
      setHidden: (list, columns) => change({ ...stored, hidden: { ...stored.hidden, [list]: columns } }),
    };
  }, [stored]);
  return <PreferencesContext value={preferences}>{children}</PreferencesContext>;
}

export function usePreferences(): Preferences {
  const preferences = use(PreferencesContext);
  if (!preferences) throw new Error("usePreferences needs a PreferencesProvider above it");
  return preferences;
}

function readStored(): Stored {
  const fallback: Stored = { density: "comfortable", hidden: {} };
  try {
    return { ...fallback, ...(JSON.parse(localStorage.getItem(STORED_AS) ?? "{}") as Partial<Stored>) };
  } catch (error) {
    if (error instanceof SyntaxError) return fallback;
    throw error;
  }
}
