/**
 * All of an environment that a thread of ours gets: where Node keeps what it has compiled. Started from source, as tests
 * start it, a thread takes a third of the time by that.
 */
export function threadEnvironment({
  NODE_COMPILE_CACHE,
}: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };
}

/** What reaches the keyring of the operating system, and what a process cannot start without on Windows. */
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

/** All of an environment that the vault's process gets: nothing that makes it load code, or write down what it does. */
export const vaultEnvironment = (
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> =>
  Object.fromEntries(
    NAMES.flatMap((name) => {
      const value = environment[name];
      return value === undefined ? [] : [[name, value]];
    }),
  );
