import { IconCheck } from "@tabler/icons-react";
import { useSyncExternalStore } from "react";
import classes from "./toast.module.css";

const SHOWN_MS = 3_000;

let message: string | null = null;
let timer: ReturnType<typeof setTimeout> | undefined;
const listeners = new Set<() => void>();

/** Says briefly that something was done. Nothing important is said only here. */
export function toast(text: string): void {
  clearTimeout(timer);
  timer = setTimeout(() => show(null), SHOWN_MS);
  show(text);
}

function show(next: string | null): void {
  message = next;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export function Toast() {
  const text = useSyncExternalStore(subscribe, () => message);
  return (
    <div role="status" className={classes.toasts}>
      {text && (
        <div className={classes.toast}>
          <IconCheck size={15} aria-hidden /> {text}
        </div>
      )}
    </div>
  );
}
