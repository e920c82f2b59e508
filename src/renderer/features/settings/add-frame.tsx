import { Button } from "@mantine/core";
import { type ReactNode, useState } from "react";
import { Untrusted } from "#renderer/ui/text.tsx";
import classes from "./issuers.module.css";

type Props = { isReady: boolean; onAdd: () => Promise<unknown>; word?: string; children: ReactNode };

/** Fields, why it was refused, and the button that adds; `word`: what it does instead. */
export function AddFrame({ isReady, onAdd, word = "Add it", children }: Props) {
  const [isAdding, setIsAdding] = useState(false);
  const [refusal, setRefusal] = useState<string | null>(null);
  const add = async () => {
    setIsAdding(true);
    setRefusal(null);
    try {
      await onAdd();
    } catch (failure) {
      if (!(failure instanceof Error)) throw failure;
      setRefusal(failure.message);
    }
    setIsAdding(false);
  };
  return (
    <form
      className={classes.form}
      autoComplete="off"
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) void add();
      }}
    >
      {children}
      {refusal !== null && (
        <p role="alert" className={classes.refusal}>
          <Untrusted text={refusal} limit={1_000} />
        </p>
      )}
      <div className={classes.end}>
        <Button type="submit" size="xs" loading={isAdding} disabled={!isReady}>
          {word}
        </Button>
      </div>
    </form>
  );
}
