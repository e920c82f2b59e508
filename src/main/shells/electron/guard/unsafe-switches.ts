/**
 * Switches of Chromium and Node that open the program to others: whoever can change how it is started, in a shortcut or
 * a menu entry, could read the page and what is typed there, or replace its processes with another program.
 */
const UNSAFE = [
  "remote-debugging-",
  "remote-allow-origins",
  "inspect",
  "debug",
  "js-flags",
  "devtools-",
  "load-extension",
  "disable-extensions-except",
  "disable-web-security",
  "allow-file-access",
  "gpu-launcher",
  "renderer-cmd-prefix",
  "utility-cmd-prefix",
  "browser-subprocess-path",
  "crash-dumps-dir",
  "enable-crash-reporter",
  "log-net-log",
  "ssl-key-log-file",
] as const;

/** Chromium treats one hyphen as two, on Windows a slash as well, and ignores what follows `--`. */
const SWITCH = process.platform === "win32" ? /^(?:--?|\/)([^=]+)/ : /^--?([^=]+)/;

/** The first such switch among the arguments of a start, as it was written; null if there is none. */
export function findUnsafeSwitch(args: readonly string[]): string | null {
  const end = args.indexOf("--");
  const before = end < 0 ? args : args.slice(0, end);
  const found = before.find((word) => {
    const name = SWITCH.exec(word)?.[1]?.toLowerCase() ?? "";
    return UNSAFE.some((unsafe) => name.startsWith(unsafe));
  });
  return found ?? null;
}

export const formatUnsafe = (word: string): string =>
  `latchkey: ${word.replace(/=.*/s, "")} lets other programs into this one, so Latchkey does not start with it; start it without`;
