import type { Command } from "commander";
import { Refusal } from "#shared/model/refusal.ts";
import { readFileAtMost } from "./terminal.ts";
import type { World } from "./world.ts";

export type TargetOptions = { from?: string; ssh?: boolean; tls?: boolean };

/** The options by which a command takes targets. */
export const addTargetOptions = (command: Command): Command =>
  command
    .option("--from <file>", "targets from a file, or from stdin by -")
    .option("--ssh", "by SSH alone, whatever the port says")
    .option("--tls", "by TLS alone, whatever the port says");

const MOST_BYTES = 8 * 1024 * 1024;

/** The targets that a command names by its arguments and by `--from`, as the contract takes them. */
export async function readTargetText(
  words: readonly string[],
  { from, ssh, tls }: TargetOptions,
  world: World,
) {
  if (ssh && tls)
    throw new Refusal("invalid-input", "--ssh and --tls exclude each other; without them both are visited");
  // The file comes first, so that a refusal counts its lines as an editor does.
  const text = [...(from === undefined ? [] : [await readList(from, world)]), words.join(" ")]
    .join("\n")
    .trimEnd();
  return { text, only: ssh ? ("ssh" as const) : tls ? ("tls" as const) : null };
}

type TargetText = Awaited<ReturnType<typeof readTargetText>>;

/** An empty text means every remembered target to the contract, which nobody who names a list can have meant. */
export function requireTargets(given: TargetText): TargetText {
  if (given.text.replace(/#.*/g, "").trim()) return given;
  throw new Refusal(
    "invalid-input",
    "name a target, such as web1.example or 10.0.0.0/24, or a list by --from",
  );
}

async function readList(from: string, world: World): Promise<string> {
  const bytes = from === "-" ? await world.readInput(MOST_BYTES) : await readFileOrRefuse(from, MOST_BYTES);
  if (bytes === null) throw new Refusal("too-many", `${from} is larger than 8 MiB; no list of targets is`);
  return Buffer.from(bytes).toString("utf8");
}

/** The bytes of a file that the user named; null when there are more than so many. */
export async function readFileOrRefuse(path: string, mostBytes: number): Promise<Uint8Array | null> {
  try {
    return await readFileAtMost(path, mostBytes);
  } catch (error) {
    throw new Refusal("not-found", `${path} cannot be read (${sayFileError(error)})`);
  }
}

const WHY: Record<string, string> = {
  ENOENT: "there is no such file",
  EACCES: "this user may not",
  EISDIR: "it is a folder",
};

const sayFileError = (error: unknown): string => {
  const { code = "", message } = error as NodeJS.ErrnoException;
  return WHY[code] ?? message;
};
