import type { Inspection } from "#shared/contract/inspect.ts";
import { MOST_WRONG_ANSWERS } from "#shared/model/question.ts";
import { Refusal } from "#shared/model/refusal.ts";
import { printable } from "#shared/text/printable.ts";
import { formatTries } from "./answer-questions.ts";
import { readFileOrRefuse } from "./read-file.ts";
import type { World } from "./world.ts";

const MOST_BYTES = 64 * 1024;
const MOST_PASSWORDS = 32;

/** The passwords of a file, one a line; an empty line is an empty password, but for the end of the file. */
export async function readPasswords(path: string | undefined): Promise<string[]> {
  if (path === undefined) return [];
  const bytes = await readFileOrRefuse(path, MOST_BYTES);
  if (bytes === null)
    throw new Refusal("too-many", `${path} is larger than 64 KiB, too large for passphrases`);
  const lines = Buffer.from(bytes).toString("utf8").split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  if (lines.length > MOST_PASSWORDS)
    throw new Refusal(
      "too-many",
      `${path} has ${lines.length} lines; at most ${MOST_PASSWORDS} passphrases can be tried`,
    );
  return lines;
}

/** The password of a proxy whose address names a user; null where it names none, or nobody is there to be asked. */
export async function askForProxy(way: string, { prompt, err }: World): Promise<string | null> {
  const [, user = null, place] = /^(?:socks5h?|http):\/\/([^@/]+)@([^@/]+)/i.exec(way) ?? [];
  if (user === null || !prompt) return null;
  err(`logging in to the proxy ${printable(place ?? "")} as ${printable(user)}`);
  return prompt("Password: ", { isHidden: true, signal: new AbortController().signal });
}

type Look = (passwords: readonly string[]) => Promise<Inspection>;

/**
 * Looks into a file, and asks whoever sits at the terminal for the password of what is locked in it: three times, or
 * until nothing is typed. Without anybody there it stays locked, which is a state and no error.
 */
export async function lookWithPasswords(
  look: Look,
  given: readonly string[],
  world: World,
): Promise<Inspection> {
  let inspection = await look(given);
  for (let asked = 0; world.prompt && asked < MOST_WRONG_ANSWERS; asked++) {
    if (inspection.wantsPassword !== "to-open") break;
    if (asked > 0) world.err(`wrong passphrase; ${formatTries(MOST_WRONG_ANSWERS - asked)}`);
    const password = await askFor(inspection, world);
    if (!password) break;
    inspection = await look([...given, password].slice(-MOST_PASSWORDS));
  }
  return inspection;
}

async function askFor({ source }: Inspection, { prompt, err }: World): Promise<string | null> {
  err(`${printable(source)} is locked; press Enter to go on without its password`);
  const { signal } = new AbortController();
  return (await prompt?.("Password: ", { isHidden: true, signal })) ?? null;
}
