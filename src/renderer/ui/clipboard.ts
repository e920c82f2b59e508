import { createContext, use, useEffect, useState } from "react";

/** How this page copies. In the desktop window it has no permission to, and asks the window. */
export const CopyContext = createContext<(text: string) => Promise<void>>(() =>
  Promise.reject(new Error("nothing here can copy")),
);

export const useCopy = () => use(CopyContext);

/** So long it is said that something was copied. */
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
        // Refused by the browser: the button goes on saying what it would do.
        () => setIsCopied(false),
      ),
  };
}
