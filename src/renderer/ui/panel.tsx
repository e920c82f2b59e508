import { Button } from "@mantine/core";
import { IconAlertTriangle, type TablerIcon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useCopied } from "./fingerprint.tsx";
import noticeClasses from "./notice.module.css";
import classes from "./panel.module.css";
import statesClasses from "./states.module.css";
import { type Tone, toneClass } from "./tag.tsx";
import { Untrusted } from "./text.tsx";

type Props = { title: string; note?: ReactNode; action?: ReactNode; children: ReactNode };

/** A part of a page in a frame of its own. */
export function Panel({ title, note, action, children }: Props) {
  return (
    <section className={classes.panel}>
      <header className={classes.head}>
        <h2 className={classes.title}>{title}</h2>
        {note && <span className={classes.note}>{note}</span>}
        {action && <span className={classes.action}>{action}</span>}
      </header>
      {children}
    </section>
  );
}

type NoticeProps = { tone: Tone; Icon: TablerIcon; title: ReactNode; children?: ReactNode };

/** A few sentences that must not be missed. */
export function Notice({ tone, Icon, title, children }: NoticeProps) {
  return (
    <div className={`${noticeClasses.notice} ${toneClass(tone)}`}>
      <Icon size={17} className={noticeClasses.icon} aria-hidden />
      <div className={noticeClasses.words}>
        <div className={noticeClasses.title}>{title}</div>
        {children}
      </div>
    </div>
  );
}

type EmptyProps = { Icon: TablerIcon; title: string; why: string; action?: ReactNode };

/** What is missing, why, and the one thing to do about it. */
export function EmptyState({ Icon, title, why, action }: EmptyProps) {
  return (
    <div className={statesClasses.state}>
      <div className={statesClasses.icon}>
        <Icon size={26} stroke={1.5} aria-hidden />
      </div>
      <h2 className={statesClasses.title}>{title}</h2>
      <p className={statesClasses.why}>{why}</p>
      {action && <div className={statesClasses.action}>{action}</div>}
    </div>
  );
}

type ErrorProps = { doing: string; error: Error; onRetry?: () => void };

/** What was tried, the error, and what to do next. */
export function ErrorState({ doing, error, onRetry }: ErrorProps) {
  const { isCopied, copy } = useCopied();
  return (
    <div className={statesClasses.state} role="alert">
      <div className={`${statesClasses.icon} ${statesClasses.bad}`}>
        <IconAlertTriangle size={26} stroke={1.5} aria-hidden />
      </div>
      <h2 className={statesClasses.title}>Could not {doing}</h2>
      <p className={statesClasses.why}>
        <Untrusted text={error.message} />
      </p>
      <div className={statesClasses.action}>
        {onRetry && (
          <Button variant="default" size="xs" onClick={onRetry}>
            Try again
          </Button>
        )}
        <Button variant="subtle" size="xs" onClick={() => copy(`${doing}: ${error.message}`)}>
          {isCopied ? "Copied" : "Copy details"}
        </Button>
      </div>
    </div>
  );
}
