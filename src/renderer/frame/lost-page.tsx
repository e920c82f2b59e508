import { Button } from "@mantine/core";
import { IconMapQuestion } from "@tabler/icons-react";
import { type ErrorComponentProps, Link } from "@tanstack/react-router";
import { BrandMark } from "#renderer/ui/brand-mark.tsx";
import { EmptyState, ErrorState } from "#renderer/ui/panel.tsx";
import { beginLarge, Untrusted } from "#renderer/ui/text.tsx";
import classes from "./stopped.module.css";

export function LostPage() {
  return (
    <EmptyState
      Icon={IconMapQuestion}
      title="There is no such page"
      why="The address may be mistyped, or from another version."
      action={
        <Button variant="default" size="xs" renderRoot={(props) => <Link to="/" {...props} />}>
          Go to Today
        </Button>
      }
    />
  );
}

/** A bug of ours: the rest of the program goes on, and the error is shown. */
export function BrokenPage({ error, reset }: ErrorComponentProps) {
  return (
    <ErrorState
      doing="show this page"
      error={error instanceof Error ? error : new Error(String(error))}
      onRetry={reset}
    />
  );
}

type Props = {
  state: "stopped" | "ended";
  /** Why it has stopped; null where that is not known, and the page only shows what to do. */
  sentence: string | null;
  onRetry: () => void;
};

/** The whole page once the program has stopped, or this tab's session has ended. */
export function Stopped({ state, sentence, onRetry }: Props) {
  const isStopped = state === "stopped";
  return (
    <main className={classes.page}>
      <div className={classes.icon}>
        <BrandMark size={44} />
      </div>
      <h1 className={classes.title}>{isStopped ? "Latchkey has stopped" : "This tab's session has ended"}</h1>
      <p className={classes.words}>
        {sentence !== null ? (
          <Untrusted text={beginLarge(sentence)} limit={1_000} />
        ) : isStopped ? (
          "The program that this page belongs to does not answer any more. Nothing that it had read is lost. Start it again, and open the address that it prints."
        ) : (
          "The address that opened this tab works once, and its session goes on in one tab at a time. Press Enter in the terminal where Latchkey runs, and open the fresh address that it prints."
        )}
      </p>
      {isStopped && (
        <Button variant="default" size="xs" onClick={onRetry}>
          Try again
        </Button>
      )}
    </main>
  );
}
