import { IconAlertTriangle, IconCircleX, IconClock, IconHelpCircle } from "@tabler/icons-react";
import { createContext, type ReactNode, use, useEffect, useState } from "react";
import { countDays } from "#shared/model/instant.ts";
import { formatElapsed, formatExpiry } from "#shared/text/elapsed.ts";
import { Tag } from "./tag.tsx";
import classes from "./when.module.css";

const formatExact = (instant: string): string => instant.replace("T", " ").replace("Z", " UTC");

/** How long ago or ahead; the exact instant on hover. */
export function When({ instant }: { instant: string }) {
  return (
    <time dateTime={instant} title={formatExact(instant)} className={classes.when}>
      {formatElapsed(instant, useNow())}
    </time>
  );
}

/** The instant itself, and how far off it is. */
export function Exactly({ instant }: { instant: string }) {
  return (
    <time dateTime={instant}>
      {formatExact(instant)} <span className={classes.dim}>({formatElapsed(instant, useNow())})</span>
    </time>
  );
}

/** Soon is within 30 days: the last moment to act without haste. */
const SOON_DAYS = 30;

export function ExpiryTag({ notAfter }: { notAfter: string | null }) {
  const now = useNow();
  if (notAfter === null)
    return (
      <Tag tone="amber" Icon={IconHelpCircle}>
        date unreadable
      </Tag>
    );
  const days = countDays(now, new Date(notAfter));
  const [tone, Icon] =
    days < 0
      ? (["red", IconCircleX] as const)
      : days <= SOON_DAYS
        ? (["orange", IconAlertTriangle] as const)
        : (["gray", IconClock] as const);
  return (
    <time dateTime={notAfter} title={formatExact(notAfter)}>
      <Tag tone={tone} Icon={Icon} isPlain={days > SOON_DAYS}>
        {formatExpiry(notAfter, now)}
      </Tag>
    </time>
  );
}

type Lifetime = { notBefore: string | null; notAfter: string | null };

/** How much of a lifetime is over, as a bar. The words beside it say the same, so it is hidden from screen readers. */
export function LifetimeBar({ notBefore, notAfter }: Lifetime) {
  const now = useNow();
  if (notBefore === null || notAfter === null) return null;
  const whole = Date.parse(notAfter) - Date.parse(notBefore);
  const share = whole > 0 ? Math.min(Math.max((now.getTime() - Date.parse(notBefore)) / whole, 0), 1) : 1;
  const days = countDays(now, new Date(notAfter));
  const tone = days < 0 ? classes.over : days <= SOON_DAYS ? classes.soon : classes.fine;
  return (
    <svg className={classes.bar} viewBox="0 0 100 3" preserveAspectRatio="none" aria-hidden>
      <rect width="100" height="3" className={classes.track} />
      <rect width={share * 100} height="3" className={tone} />
    </svg>
  );
}

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
