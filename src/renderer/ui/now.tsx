import { createContext, type ReactNode, use, useEffect, useState } from "react";

const NowContext = createContext(new Date());

const TICK_MS = 20_000;

/** One clock for the whole page, so that no two words disagree. */
export function NowProvider({ children }: { children: ReactNode }) {
  const [now, setNow] = useState(() => new Date());
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return <NowContext value={now}>{children}</NowContext>;
}

export const useNow = (): Date => use(NowContext);
