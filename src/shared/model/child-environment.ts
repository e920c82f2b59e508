/**
 * The whole environment of a thread of ours: where Node keeps its compile cache. With it, a thread that is started from
 * source, as in tests, starts in a third of the time.
 */
export function threadEnvironment({
  NODE_COMPILE_CACHE,
}: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };
}

/** What gives access to the keyring of the operating system, and what a process on Windows cannot start without. */
const NAMES = [
  "DBUS_SESSION_BUS_ADDRESS",
  "XDG_RUNTIME_DIR",
  "HOME",
  "DISPLAY",
  "USER",
  "LOGNAME",
  "SystemRoot",
  "USERPROFILE",
  "APPDATA",
  "LOCALAPPDATA",
  "TEMP",
] as const;

/** The whole environment of the vault process: nothing in it makes that process load code, or log what it does. */
export const vaultEnvironment = (
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> =>
  Object.fromEntries(
    NAMES.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
