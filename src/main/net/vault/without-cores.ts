import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";

/** Not from the environment, which the vault's process does not have. */
const PATH = "/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * Keeps what this process holds out of any core of it, on Linux; elsewhere the system decides. At once its memory is in none
 * (coredump_filter), whoever the kernel hands the core: a file, a program (`core_pattern` with a pipe, for which a limit of
 * 0 counts for nothing) or a socket. Then, where there is `prlimit`, no core is made at all: 1 byte is the limit that both
 * a file and a pipe obey. Answers when that is done.
 */
export function withoutCores(): Promise<void> {
  if (process.platform !== "linux") return Promise.resolve();
  try {
    writeFileSync("/proc/self/coredump_filter", "0");
  } catch {
    // Without /proc there is the limit alone.
  }
  return new Promise((resolve) => {
    execFile("prlimit", ["--core=1:1", "--pid", `${process.pid}`], { env: { PATH } }, () => resolve());
  });
}
