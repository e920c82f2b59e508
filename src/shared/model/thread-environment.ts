/**
 * All of an environment that a thread of ours gets: where Node keeps what it has compiled. Started from source, as tests
 * start it, a thread takes a third of the time by that.
 */
export function threadEnvironment({
  NODE_COMPILE_CACHE,
}: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE };
}
