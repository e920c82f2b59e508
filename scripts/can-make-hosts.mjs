import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What src/main/testing/lab/host.sh does first, and containers often forbid. */
const PROBE =
  'mount --make-rprivate / && mount -t overlay overlay -o "lowerdir=/,upperdir=$0/up,workdir=$0/work" "$0/root"';

/** Whether real hosts can be made here, by trying: root, namespaces and an overlay on the temporary folder. */
export function canMakeHosts() {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return false;
  const folder = mkdtempSync(join(tmpdir(), "latchkey-probe-"));
  try {
    for (const name of ["up", "work", "root"]) mkdirSync(join(folder, name));
    const namespaces = ["--mount", "--pid", "--uts", "--fork", "--kill-child"];
    const { status } = spawnSync("unshare", [...namespaces, "sh", "-c", PROBE, folder], { stdio: "ignore" });
    return status === 0;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
