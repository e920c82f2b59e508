import type { ErrorComponentProps } from "@tanstack/react-router";
import { ErrorState } from "#renderer/ui/states.tsx";

/** A mistake of ours: the rest of the program goes on, and what happened can be told. */
export function BrokenPage({ error, reset }: ErrorComponentProps) {
  return (
    <ErrorState
      doing="show this page"
      error={error instanceof Error ? error : new Error(String(error))}
      onRetry={reset}
    />
  );
}
