import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

const RESOURCES = join(import.meta.dirname, "../../../resources");

/** Each awk that this machine has, of those that hosts have. */
export const AWKS: readonly string[] = ["gawk", "mawk", "original-awk", "busybox awk"].filter(
  (awk) => spawn(awk, ["BEGIN { exit 0 }"]).status === 0,
);

type AwkRun = {
  /** The files of the program below resources, one after the other. */
  program: readonly string[];
  /** As `-v` gives them. */
  variables?: Readonly<Record<string, string | number>>;
  environment?: Readonly<Record<string, string>>;
  /** Other options, and the files that are read; standard input where there are none. */
  args?: readonly string[];
  input: string;
};

type AwkResult = { output: string; status: number | null };

/** The result of a program under each awk of this machine: one result, unless they differ. */
export function runAwks({
  program,
  variables = {},
  environment = {},
  args = [],
  input,
}: AwkRun): AwkResult[] {
  const text = program.map((name) => readFileSync(join(RESOURCES, name), "utf8")).join("");
  const set = Object.entries(variables).flatMap(([name, value]) => ["-v", `${name}=${value}`]);
  const [options, files] = [
    args.filter((arg) => arg.startsWith("-F")),
    args.filter((arg) => !arg.startsWith("-F")),
  ];
  const results = AWKS.map((awk) => {
    const { stdout, status } = spawn(awk, [...options, ...set, text, ...files], input, environment);
    return JSON.stringify({ output: stdout, status });
  });
  return [...new Set(results)].map((result) => JSON.parse(result));
}

function spawn(awk: string, args: readonly string[], input = "", environment = {}) {
  const [command = "", ...first] = awk.split(" ");
  const env = { PATH: process.env.PATH, LC_ALL: "C", ...environment };
  return spawnSync(command, [...first, ...args], { input, env, encoding: "utf8" });
}
