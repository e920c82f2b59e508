import { IconCheck, IconCopy } from "@tabler/icons-react";
import { createContext, use, useEffect, useState } from "react";
import classes from "./text.module.css";
import { formatUntrusted, Untrusted } from "./text.tsx";

/** A long identity with its middle left out; all of it on hover and in the clipboard. */
export function Fingerprint({ value, keep = 6 }: { value: string; keep?: number }) {
  const head = value.startsWith("SHA256:") ? 7 + keep : keep;
  const short = value.length > head + keep + 1 ? `${value.slice(0, head)}…${value.slice(-keep)}` : value;
  return (
    <span className={classes.fingerprint}>
      <span className={classes.middle} title={formatUntrusted(value)}>
        <Untrusted text={short} isCut />
      </span>
      <CopyMark value={value} what="fingerprint" />
    </span>
  );
}

/** All of it, to be read and compared. */
export function WholeFingerprint({ value }: { value: string }) {
  return (
    <span className={classes.fingerprint}>
      <Untrusted text={value} />
      <CopyMark value={value} what="fingerprint" />
    </span>
  );
}

/** A small button that copies, and says that it did. */
export function CopyMark({ value, what }: { value: string; what: string }) {
  const { isCopied, copy } = useCopied();
  return (
    <button
      type="button"
      className={classes.copy}
      aria-label={isCopied ? "Copied" : `Copy the ${what}`}
      tabIndex={-1}
      onClick={(event) => {
        event.stopPropagation();
        copy(value);
      }}
    >
      {isCopied ? <IconCheck size={13} /> : <IconCopy size={13} />}
    </button>
  );
}

/** How this page copies. In the desktop window it has no permission to, and asks the window. */
export const CopyContext = createContext<(text: string) => Promise<void>>(() =>
  Promise.reject(new Error("nothing here can copy")),
);

export const useCopy = () => use(CopyContext);

/** How long the button says that it has copied. */
const SAID_MS = 1_500;

/** Copies, and says for a moment that it did. */
export function useCopied(): { isCopied: boolean; copy: (text: string) => void } {
  const write = useCopy();
  const [isCopied, setIsCopied] = useState(false);
  useEffect(() => {
    if (!isCopied) return;
    const timer = setTimeout(() => setIsCopied(false), SAID_MS);
    return () => clearTimeout(timer);
  }, [isCopied]);
  return {
    isCopied,
    copy: (text) =>
      void write(text).then(
        () => setIsCopied(true),
        // The browser refused: the button's label stays.
        () => setIsCopied(false),
      ),
  };
}

/** Makes the link to the row that is open; null where an address of it would lead nowhere. */
export const LinkContext = createContext<() => string | null>(() => null);

export const useLinkToHere = () => use(LinkContext);
