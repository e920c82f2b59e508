import { type ChildProcess, fork } from "node:child_process";
import { EventEmitter, once } from "node:events";
import { resolve } from "node:path";
import type { Ask, FromStandIn, ToStandIn } from "./messages.ts";

type Options = {
  args?: readonly string[];
  /** The folder of the window's own files. */
  data: string;
  env?: NodeJS.ProcessEnv;
  isPackaged?: boolean;
};

export type Desktop = ReturnType<typeof startDesktop>;

/** Starts the built desktop program on the stand-in, in a process of its own. */
export function startDesktop({ args = [], data, env = process.env, isPackaged = false }: Options) {
  const hooks = new URL("./hooks.ts", import.meta.url).href;
  const child = fork(resolve("out/main/electron.js"), args, {
    execArgv: ["--disable-warning=ExperimentalWarning", "--import", hooks],
    env: { ...env, STAND_IN_DATA: data, STAND_IN_PACKAGED: isPackaged ? "1" : "0" },
    serialization: "advanced",
    stdio: ["ignore", "pipe", "pipe", "ipc"],
  });
  const printed = { out: collect(child.stdout), err: collect(child.stderr) };
  const exited = once(child, "close").then(([code]) => Number(code));
  const heard = new EventEmitter<{ message: [FromStandIn] }>();
  const unread: FromStandIn[] = [];
  const calls: Extract<FromStandIn, { kind: "called" }>[] = [];
  child.on("message", (message: FromStandIn) => {
    if (message.kind === "called") calls.push(message);
    unread.push(message);
    heard.emit("message", message);
  });

  return {
    heard,
    exited,
    /** The calls to Electron, in order. */
    calls,
    /** What it has printed so far. */
    printed: () => ({ out: printed.out.join(""), err: printed.err.join("") }),
    /** The arguments of the last such call to Electron; none when there was no call. */
    findCall: (name: string): unknown[] => calls.findLast((call) => call.name === name)?.args ?? [],
    ...createTalk(child, heard),
    /** The first matching message of the stand-in, past or future; fails if it has ended. */
    async until(isIt: (message: FromStandIn) => boolean): Promise<FromStandIn> {
      for (;;) {
        const index = unread.findIndex(isIt);
        const [found] = index < 0 ? [] : unread.splice(index, 1);
        if (found) return found;
        const next = await Promise.race([once(heard, "message"), exited]);
        if (typeof next === "number") throw new Error(`the desktop has ended: ${printed.err.join("")}`);
      }
    },
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await exited;
    },
  };
}

/** Sends requests to the stand-in, and matches the answers with them. */
function createTalk(child: ChildProcess, heard: EventEmitter<{ message: [FromStandIn] }>) {
  const waiting = new Map<number, PromiseWithResolvers<unknown>>();
  let asked = 0;
  heard.on("message", (message) => {
    if (message.kind === "answer") waiting.get(message.id)?.resolve(message.value);
    if (message.kind === "failure") waiting.get(message.id)?.reject(new Error(message.message));
  });
  const tell = (message: ToStandIn) => {
    if (child.connected) child.send(message);
  };
  return {
    tell,
    ask(ask: Ask): Promise<unknown> {
      const answer = Promise.withResolvers<unknown>();
      const id = ++asked;
      waiting.set(id, answer);
      tell({ ...ask, id });
      return answer.promise;
    },
  };
}

function collect(stream: NodeJS.ReadableStream | null): string[] {
  const texts: string[] = [];
  stream?.setEncoding("utf8").on("data", (text: string) => texts.push(text));
  return texts;
}
