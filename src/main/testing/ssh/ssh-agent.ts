import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** OpenSSH's own agent, with the keys of these files loaded; it ends with the returned value. */
export async function startSshAgent(
  folder: string,
  keyFiles: readonly string[],
): Promise<AsyncDisposable & { socketPath: string }> {
  const socketPath = join(folder, "agent");
  const agent = spawn("ssh-agent", ["-D", "-a", socketPath], { stdio: ["ignore", "pipe", "ignore"] });
  await once(agent.stdout, "data");
  const stop = async () => {
    const exit = once(agent, "exit");
    agent.kill();
    await exit;
  };
  try {
    for (const path of keyFiles)
      await run("ssh-add", ["-q", path], { env: { ...process.env, SSH_AUTH_SOCK: socketPath } });
  } catch (error) {
    await stop();
    throw error;
  }
  return { socketPath, [Symbol.asyncDispose]: stop };
}
