import { IconCheck } from "@tabler/icons-react";
import { useSyncExternalStore } from "react";
import classes from "./toast.module.css";

const SHOWN_MS = 3_000;
/** Long enough to think about it. */
const UNDO_MS = 10_000;

type Message = { text: string; undo: (() => void) | null };

let message: Message | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

/** Says briefly that something was done, and undoes it. Nothing important is said only here. */
export function toast(text: string, undo: (() => void) | null = null): void {
  clearTimeout(timer);
  timer = setTimeout(() => show(null), undo ? UNDO_MS : SHOWN_MS);
  show({ text, undo });
}

function show(next: Message | null): void {
  message = next;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function Toast() {
  const shown = useSyncExternalStore(subscribe, () => message);
  return (
    <div role="status" className={classes.toasts}>
      {shown && (
        <div className={classes.toast}>
          <IconCheck size={15} aria-hidden /> {shown.text}
          {shown.undo && (
            <button
              type="button"
              className={classes.undo}
              onClick={() => {
                shown.undo?.();
                show(null);
              }}
            >
              Undo
            </button>
          )}
        </div>
      )}
    </div>
  );
}
