import { execFile } from "node:child_process";
import { existsSync, readdirSync, readFileSync, utimesSync } from "node:fs";
import { copyFile, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { promisify } from "node:util";
import { readTree } from "#testing/lab/run-in-host.ts";
import { takeAddress } from "#testing/lab/start-host.ts";
import { startServer, type TalkingServer } from "#testing/servers/server.ts";
import { makeTemporaryFolder } from "#testing/temporary-folder.ts";
import type { CertificateMaker, MadeCertificate } from "./certificates.ts";
import { type Chance, formatGenerated, type Generated, type Generator, type Reload } from "./generated.ts";
import { descendantsOf, lookAtProcess } from "./host-files.ts";

const run = promisify(execFile);

/** A server that runs with a random configuration. */
export type Running = AsyncDisposable & {
  generated: Generated;
  folder: string;
  server: TalkingServer;
  /** Each certificate by the paths of its files. */
  made: ReadonlyMap<string, MadeCertificate>;
  command: readonly string[];
  /** The addresses of its host, as far as the host knows them. */
  addresses: readonly string[];
  /** Ends it and starts it again. */
  restart(): Promise<void>;
  /** Makes it reload its files; a server that cannot reload is restarted. */
  reload(): Promise<void>;
  /** All texts and names of its folders in their present state. */
  readTexts(): ReturnType<typeof readTree>;
};

/** Starts the server of a generator; if it does not start, the error has the whole configuration. */
export async function startGenerated(
  generate: Generator,
  chance: Chance,
  { make, kept }: { make: CertificateMaker; kept: string },
): Promise<Running> {
  await using undo = new AsyncDisposableStack();
  const { path } = undo.use(await makeTemporaryFolder());
  const other = await takeAddress();
  undo.defer(other.release);
  const wish = { folder: path, certificatePath: join(path, "own.pem"), keyPath: join(path, "own.key") };
  for (const unused of [wish.certificatePath, wish.keyPath]) await writeFile(unused, "");
  const made = new Map<string, MadeCertificate>();
  let [count, generated, command]: [number, Generated | null, readonly string[]] = [0, null, []];
  const started = startServer(wish, { name: "s" }, async ({ folder, address }) => {
    const written = await generate({
      folder,
      own: address,
      other: other.address,
      chance,
      kept,
      ports: [portOf(address), portOf(other.address)],
      async certify(names, family, called) {
        const certificate = await make(
          join(folder, `tls/c${count++}`),
          names,
          family,
          called === undefined ? {} : { commonName: called },
        );
        for (const ending of ["pem", "crt", "key"]) made.set(`${certificate.base}.${ending}`, certificate);
        return certificate;
      },
      async copy(certificate, name) {
        const to = join(folder, name);
        await mkdir(dirname(to), { recursive: true });
        await copyFile(`${certificate.base}.pem`, to);
        made.set(to, certificate);
        return to;
      },
    });
    generated = written;
    const [first = ""] = await writeAll(folder, written.files);
    age(folder);
    const configPath = written.root ?? first;
    const [program, ...words] = written.command.map((word) => word.replace("ROOT", configPath));
    command = [program ?? "", ...words];
    return {
      configPath,
      command: [program ?? "", ...words],
      endpoints: [{ protocol: "tls", port: written.port }],
    };
  });
  const server = undo.use(
    await started.catch((error: unknown) => {
      throw new Error(`${error}\n${generated ? formatGenerated(generated) : ""}`);
    }),
  );
  if (!generated) throw new Error("nothing was generated");
  const folder = join(path, "s");
  const found: Generated = generated;
  const untilReady = async () => {
    while (found.readyFile !== undefined && !existsSync(join(folder, found.readyFile))) {
      if (!existsSync(`/proc/${server.pid}`))
        throw new Error(`it has ended by itself\n${formatGenerated(found)}`);
      await pause(10);
    }
  };
  await untilReady();
  const restart = async () => {
    const marks = [
      ...(found.readyFile === undefined ? [] : [join(folder, found.readyFile)]),
      ...(found.marks ?? []),
    ];
    for (const mark of marks) await rm(mark, { force: true });
    await server.restart();
    await untilReady();
  };
  const owned = undo.move();
  return {
    generated: found,
    folder,
    server,
    made,
    command,
    addresses: [server.address, other.address],
    restart,
    reload: () => (found.reload ? reload(server, found.reload) : restart()),
    readTexts: () => readAll(folder, found.alsoRead ?? []),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function reload(server: TalkingServer, how: Reload): Promise<void> {
  if ("command" in how) {
    const [program, ...words] = how.command;
    await run(program, words);
    return;
  }
  const said = "says" in how ? countOf(server.said(), how.says) : 0;
  const before = "ends" in how ? findProcesses(server.pid, how.ends) : [];
  if ("ends" in how && before.length === 0) throw new Error("nothing would tell that it was reloaded");
  const isOver = () =>
    "says" in how
      ? countOf(server.said(), how.says) > said
      : before.every((pid) => !findProcesses(server.pid, how.ends).includes(pid));
  // A process that gets the signal just as it goes to sleep, like HAProxy's master, may not wake before the next
  // signal.
  for (let tries = 0; !isOver(); tries++) {
    if (!existsSync(`/proc/${server.pid}`))
      throw new Error(`it has ended as it was reloaded: ${server.said()}`);
    if (tries % TRIES_A_SIGNAL === 0) process.kill(server.pid, how.signal);
    await pause(5);
  }
}

const TRIES_A_SIGNAL = 1_000;

const countOf = (text: string, phrase: string): number => text.split(phrase).length - 1;

const findProcesses = (above: number, name: RegExp): number[] =>
  descendantsOf(above).filter((pid) => name.test(lookAtProcess(pid)?.name ?? ""));

function readAll(folder: string, others: readonly string[]): ReturnType<typeof readTree> {
  const tree = readTree(folder);
  for (const other of others) {
    const names = readdirSync(other);
    tree.folders.set(other, names);
    for (const name of names.filter((one) => one.endsWith(".conf")))
      tree.files.set(join(other, name), readFileSync(join(other, name), "utf8"));
  }
  return tree;
}

/** Postfix waits until the files that it reads are some seconds old. */
const LONG_AGO = new Date("2026-01-01T00:00:00Z");

function age(folder: string): void {
  for (const entry of readdirSync(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile()) utimesSync(join(entry.parentPath, entry.name), LONG_AGO, LONG_AGO);
}

async function writeAll(folder: string, files: Generated["files"]): Promise<string[]> {
  const paths: string[] = [];
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text);
    paths.push(path);
  }
  return paths;
}

/**
 * A port that no other test uses, for servers that listen at every address: outside of the range that the kernel
 * assigns.
 */
const portOf = (address: string): number => {
  const [, , third = 0, fourth = 0] = address.split(".").map(Number);
  return 20_000 + (third - 30) * 250 + fourth;
};
