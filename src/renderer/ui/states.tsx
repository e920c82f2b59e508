import { Button } from "@mantine/core";
import { IconAlertTriangle, type TablerIcon } from "@tabler/icons-react";
import type { ReactNode } from "react";
import { useCopied } from "./clipboard.ts";
import classes from "./states.module.css";
import { Untrusted } from "./text.tsx";

type EmptyProps = { Icon: TablerIcon; title: string; why: string; action?: ReactNode };

/** What is not there, why, and the one thing to do about it. */
export function EmptyState({ Icon, title, why, action }: EmptyProps) {
  return (
    <div className={classes.state}>
      <div className={classes.icon}>
        <Icon size={26} stroke={1.5} aria-hidden />
      </div>
      <h2 className={classes.title}>{title}</h2>
      <p className={classes.why}>{why}</p>
      {action && <div className={classes.action}>{action}</div>}
    </div>
  );
}

type ErrorProps = { doing: string; error: Error; onRetry?: () => void };

/** What was tried, what came of it, and what to do next. */
export function ErrorState({ doing, error, onRetry }: ErrorProps) {
  const { isCopied, copy } = useCopied();
  return (
    <div className={classes.state} role="alert">
      <div className={`${classes.icon} ${classes.bad}`}>
        <IconAlertTriangle size={26} stroke={1.5} aria-hidden />
      </div>
      <h2 className={classes.title}>Could not {doing}</h2>
      <p className={classes.why}>
        <Untrusted text={error.message} />
      </p>
      <div className={classes.action}>
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
