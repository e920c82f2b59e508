import { IconSearch, IconX } from "@tabler/icons-react";
import {
  type KeyboardEvent,
  type RefObject,
  useEffect,
  useEffectEvent,
  useId,
  useLayoutEffect,
  useRef,
  useState,
} from "react";
import { beginLarge, formatUntrusted } from "#renderer/ui/text.tsx";
import { type Completion, completeFilter } from "./complete-filter.ts";
import {
  type FilterKey,
  type FilterProblem,
  formatFilterProblem,
  formatFilterText,
  parseFilterText,
} from "./filter-text.ts";
import classes from "./search-field.module.css";

/** What waits is applied after a pause of this length. */
const PAUSE_MS = 150;
/** A key whose value is typed still: each part of it would be another filter. */
const UNFINISHED = /[^\s":<>]+[:<>]\S*$/;

const NO_KEYS: readonly FilterKey[] = [];

type Props = {
  inputRef?: RefObject<HTMLInputElement | null>;
  /** What is filtered by, as `formatFilterText` writes it. */
  value: string;
  hint: string;
  /** The keys that can be typed beside words. */
  keys?: readonly FilterKey[];
  /** Takes a text that can be read. */
  onChange: (text: string) => void;
  /** The list has not shown yet what the text before this one finds. */
  isBusy?: boolean;
  /** Goes from the text into the list that it filters, once that shows what this text finds. */
  onEnter?: (text: string) => void;
};

/**
 * Words and keys with their values. Enter and Down go into the list, and Escape leaves the text as it is. What is suggested
 * is taken by Tab, or chosen by Down and taken by Enter.
 */
export function SearchField({
  inputRef,
  value,
  hint,
  keys = NO_KEYS,
  onChange,
  isBusy = false,
  onEnter,
}: Props) {
  const own = useRef<HTMLInputElement>(null);
  const input = inputRef ?? own;
  const id = useId();
  const { typed, problem, change, apply } = useTyped({ value, keys, onChange, isBusy });
  const { suggestions, chosen, ...suggested } = useSuggestions({ input, typed, keys, change });
  const press = (event: KeyboardEvent) => {
    if (suggested.press(event)) return event.preventDefault();
    const isInto = (event.key === "Enter" || event.key === "ArrowDown") && onEnter !== undefined;
    if (event.key !== "Escape" && !isInto) return;
    // Chromium would empty the field.
    event.preventDefault();
    const applied = apply();
    if (!isInto) input.current?.blur();
    else if (applied !== null) onEnter(applied);
  };
  return (
    <div className={classes.search}>
      <IconSearch size={14} className={classes.icon} aria-hidden />
      <input
        ref={input}
        type="search"
        className={problem ? `${classes.input} ${classes.wrong}` : classes.input}
        aria-label={hint}
        aria-invalid={problem !== null}
        aria-describedby={problem ? `${id}problem` : undefined}
        aria-autocomplete={keys.length > 0 ? "list" : undefined}
        aria-controls={suggestions.length > 0 ? `${id}suggestions` : undefined}
        aria-activedescendant={chosen === null ? undefined : `${id}suggestion${chosen}`}
        placeholder={hint}
        value={typed}
        maxLength={600}
        spellCheck={false}
        autoComplete="off"
        onChange={(event) => {
          change(event.currentTarget.value);
          suggested.note(event.currentTarget);
        }}
        onSelect={(event) => suggested.note(event.currentTarget)}
        onBlur={suggested.close}
        onKeyDown={press}
      />
      {!typed && inputRef && <kbd className={classes.key}>/</kbd>}
      {typed && (
        <button
          type="button"
          className={classes.clear}
          aria-label="Clear the search"
          onClick={() => {
            change("");
            input.current?.focus();
          }}
        >
          <IconX size={13} aria-hidden />
        </button>
      )}
      {suggestions.length > 0 && (
        <Suggestions id={id} suggestions={suggestions} chosen={chosen} onTake={suggested.take} />
      )}
      <Problem id={`${id}problem`} text={typed} problem={suggestions.length > 0 ? null : problem} />
    </div>
  );
}

type TypedOptions = {
  value: string;
  keys: readonly FilterKey[];
  onChange: (text: string) => void;
  isBusy: boolean;
};

/**
 * What is typed, ahead of what is applied: words at once, or as soon as the list has answered those before; the value of a key
 * after a pause. What cannot be read is applied by nobody.
 */
function useTyped({ value, keys, onChange, isBusy }: TypedOptions) {
  const [typed, setTyped] = useState(value);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const waiting = useRef<string | null>(null);
  /** The values that our own changes lead to, in their order: they are no news, and somebody may have typed on. */
  const expected = useRef([value]);
  useEffect(() => {
    const at = expected.current.indexOf(value);
    expected.current = at < 0 ? [value] : expected.current.slice(at);
    if (at >= 0) return;
    clearTimeout(timer.current);
    waiting.current = null;
    setTyped(value);
  }, [value]);
  useEffect(() => () => clearTimeout(timer.current), []);
  const applyWaiting = useEffectEvent(() => {
    if (waiting.current !== null && !UNFINISHED.test(waiting.current)) applyText(waiting.current);
  });
  useEffect(() => {
    if (!isBusy) applyWaiting();
  }, [isBusy]);

  const applyText = (text: string): string | null => {
    clearTimeout(timer.current);
    waiting.current = null;
    const read = parseFilterText(text, keys);
    if (read.problem) return null;
    const next = formatFilterText(read, keys);
    expected.current.push(next);
    onChange(text);
    return next;
  };
  const change = (text: string) => {
    setTyped(text);
    if (!isBusy && !UNFINISHED.test(text)) return void applyText(text);
    clearTimeout(timer.current);
    waiting.current = text;
    timer.current = setTimeout(() => applyText(text), PAUSE_MS);
  };
  return { typed, problem: parseFilterText(typed, keys).problem, change, apply: () => applyText(typed) };
}

type SuggestionsOptions = {
  input: RefObject<HTMLInputElement | null>;
  typed: string;
  keys: readonly FilterKey[];
  change: (text: string) => void;
};

/** What could be typed next, and the keys that choose and take it. */
function useSuggestions({ input, typed, keys, change }: SuggestionsOptions) {
  /** Where the caret stands; null while nothing is to be suggested. */
  const [at, setAt] = useState<number | null>(null);
  const [isForced, setIsForced] = useState(false);
  const [chosen, setChosen] = useState<number | null>(null);
  const caret = useRef<number | null>(null);
  const suggestions =
    at === null || keys.length === 0 ? [] : completeFilter({ text: typed, at, keys, isForced });
  useLayoutEffect(() => {
    if (caret.current === null) return;
    input.current?.setSelectionRange(caret.current, caret.current);
    caret.current = null;
  });

  const close = () => {
    setAt(null);
    setIsForced(false);
    setChosen(null);
  };
  const take = ({ text, start }: Completion) => {
    const rest = typed.slice(at ?? typed.length);
    caret.current = start + text.length;
    setAt(caret.current);
    setIsForced(false);
    setChosen(null);
    change(`${typed.slice(0, start)}${text}${rest}`);
  };
  /** Whether the key was for what is suggested. */
  const press = (event: KeyboardEvent): boolean => {
    if (event.key === " " && event.ctrlKey) {
      setAt(input.current?.selectionStart ?? 0);
      setIsForced(true);
      return true;
    }
    if (suggestions.length === 0) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step !== undefined)
      setChosen(((chosen ?? (step > 0 ? -1 : 0)) + step + suggestions.length) % suggestions.length);
    else if (event.key === "Escape") close();
    else {
      const isKey = event.key === "Tab" && !event.shiftKey && !suggestions[0]?.text.endsWith(" ");
      const suggestion = suggestions[chosen ?? (isKey ? 0 : -1)];
      if (!suggestion || !(isKey || event.key === "Enter" || event.key === "Tab")) return false;
      take(suggestion);
    }
    return true;
  };
  return {
    suggestions,
    chosen: suggestions.length === 0 ? null : chosen,
    press,
    take,
    close,
    note: ({ selectionStart, selectionEnd, value }: HTMLInputElement) => {
      // A field that was just come to, or marked as a whole, suggestions nothing: Down is for the list.
      if (selectionStart !== selectionEnd || value === "") setAt(value === "" && isForced ? 0 : null);
      else if (selectionStart !== at && caret.current === null) {
        setAt(selectionStart);
        setChosen(null);
      }
    },
  };
}

type SuggestionsProps = {
  id: string;
  suggestions: readonly Completion[];
  chosen: number | null;
  onTake: (suggestion: Completion) => void;
};

function Suggestions({ id, suggestions, chosen, onTake }: SuggestionsProps) {
  return (
    <div role="listbox" id={`${id}suggestions`} aria-label="Filters" className={classes.suggestions}>
      {suggestions.map((suggestion, index) => (
        // biome-ignore lint/a11y/useKeyWithClickEvents: the field above has the keys
        <div
          key={suggestion.label}
          id={`${id}suggestion${index}`}
          role="option"
          tabIndex={-1}
          aria-selected={index === chosen}
          className={index === chosen ? `${classes.suggestion} ${classes.chosen}` : classes.suggestion}
          // The field keeps the focus.
          onMouseDown={(event) => event.preventDefault()}
          onClick={() => onTake(suggestion)}
        >
          <code className={classes.label}>{formatUntrusted(suggestion.label)}</code>
          <span className={classes.hint}>{suggestion.hint}</span>
        </div>
      ))}
    </div>
  );
}

/** What is wrong, below the part of the text that it is about. */
function Problem({ id, text, problem }: { id: string; text: string; problem: FilterProblem | null }) {
  return (
    <div role="status" id={id} className={problem ? classes.problem : undefined}>
      {problem && (
        <>
          <code className={classes.part}>{formatUntrusted(text.slice(problem.start, problem.end))}</code>
          <span>{beginLarge(formatUntrusted(formatFilterProblem(problem)))}</span>
        </>
      )}
    </div>
  );
}
