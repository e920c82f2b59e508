import { useEffect, useRef } from "react";

/** `Mod` is Command on a Mac and Control elsewhere; then `Shift`; then the key as the keyboard names it. */
type Bindings = readonly (readonly [key: string, act: () => void])[];

const nameOf = (event: KeyboardEvent): string =>
  `${event.metaKey || event.ctrlKey ? "Mod+" : ""}${event.shiftKey && event.key.length > 1 ? "Shift+" : ""}${event.key}`;

/**
 * Keys for the page that is shown. They do nothing while somebody types or a menu or dialog is open, and leave Enter
 * and Space to the button or link that has the focus.
 */
export function useKeys(bindings: Bindings): void {
  const latest = useRef(bindings);
  latest.current = bindings;
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.defaultPrevented || event.altKey) return;
      const act = latest.current.find(([key]) => key === nameOf(event))?.[1];
      if (!act || !isForPage(event)) return;
      event.preventDefault();
      act();
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  }, []);
}

const isCovered = () => document.querySelector("[aria-modal=true], [role=menu]") !== null;

/** Keys that were pressed under a dialog or a menu: the key that closes it is not for the page either. */
const pressedUnder = new WeakSet<Event>();
const note = (event: KeyboardEvent) => void (isCovered() && pressedUnder.add(event));
// Before any dialog gets the key: without motion the dialog is closed at once.
window.addEventListener("keydown", note, { capture: true });

/** Checkboxes and radio buttons take no letters. */
const TYPED_INTO = "input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]";

export function isForPage(event: KeyboardEvent | ClipboardEvent): boolean {
  if (pressedUnder.has(event) || isCovered()) return false;
  if (!(event.target instanceof Element)) return true;
  if (event.target.matches(TYPED_INTO)) return false;
  if (!(event instanceof KeyboardEvent)) return true;
  if (event.target.matches("input[type=radio]") && event.key.startsWith("Arrow")) return false;
  // With Command or Control it is a shortcut, wherever the focus is.
  const isPress = (event.key === "Enter" || event.key === " ") && !event.metaKey && !event.ctrlKey;
  return !(isPress && event.target.closest("button, a, summary, input"));
}
