import { IconSearch } from "@tabler/icons-react";
import { type RefObject, useEffect, useRef, useState } from "react";
import classes from "./list-screen.module.css";

/** Typing asks again only after a pause of this length. */
const PAUSE_MS = 150;

type Props = {
  inputRef?: RefObject<HTMLInputElement | null>;
  value: string;
  hint: string;
  onChange: (value: string) => void;
};

export function SearchField({ inputRef, value, hint, onChange }: Props) {
  const [typed, setTyped] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  useEffect(() => setTyped(value), [value]);
  useEffect(() => () => clearTimeout(timer.current), []);

  const change = (next: string, pauseMs: number) => {
    setTyped(next);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => onChange(next), pauseMs);
  };
  return (
    <div className={classes.search}>
      <IconSearch size={14} className={classes.searchIcon} aria-hidden />
      <input
        ref={inputRef}
        type="search"
        className={classes.searchInput}
        aria-label={hint}
        placeholder={hint}
        value={typed}
        maxLength={200}
        spellCheck={false}
        onChange={(event) => change(event.currentTarget.value, PAUSE_MS)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          if (typed) change("", 0);
          else event.currentTarget.blur();
        }}
      />
      {!typed && inputRef && <kbd className={classes.searchKey}>/</kbd>}
    </div>
  );
}
