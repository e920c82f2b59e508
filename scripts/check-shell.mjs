// Whether the scripts that run on hosts are clean: by shellcheck, and no line too long. Part of `npm run check`.
import { spawnSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";
import { say } from "./run.mjs";

const RESOURCES = fileURLToPath(new URL("../resources", import.meta.url));

/** What one shell reads. Each is checked whole, so that what nobody sets or uses is found. */
const SCRIPTS = [
  ["lib/*.sh", "collector/*.sh"],
  ["lib/*.sh", "rotation/**/*.sh"],
];

/** Codes that are left out everywhere, and why. What one place alone is allowed stands there, as a directive with its reason. */
const LEFT_OUT = {
  SC1007: "a= b= empties variables, several on a line",
  SC1010: "`ok done` answers with that word",
  SC2012: "ls -n is read by its columns: busybox's find prints none",
  SC2013: "as SC2086",
  SC2015: "A && B || C: that C is done when B fails is meant",
  SC2016: "texts in single quotes are programs for other shells and for awk, with variables of their own",
  SC2030: "what a pipe or a substitution sets is meant to be gone with it",
  SC2031: "as SC2030",
  SC2046: "as SC2086",
  SC2086: "words are split on purpose, under set -f, so that nothing is taken for a pattern",
  SC2100: "why=not-readable is a word, and no subtraction",
  SC2209: "stands=file is a word, and no program",
  SC2317: "verbs are called by their names, as do_$verb",
  SC3013: "-ef and -nt are no POSIX, and every shell of the lab tests has them",
};

/** Set by what the workstation writes in front of a script, or by `read` and `eval` of words that have these names in them. */
const SET_ELSEWHERE = [
  "session_nonce session_request accounts file_uid h_before lines sentence key_length key_type key_bits key_comment",
  "private_key_hash private_key_mode keeps_old_key old_key offline_accounts offline_host offline_needed offline_nonce",
  "offline_not_before offline_not_before_text offline_phases offline_plan offline_verified offline_seconds offline_token offline_who",
]
  .join(" ")
  .split(" ");

const MOST_COLUMNS = 119;

/** Whose lines are held to that. */
const SHORT = ["**/*.{sh,awk}"];

/** As editors show it here: a tab is two columns. @param {string} line */
const widthOf = (line) => line.replaceAll("\t", "  ").length;

/** @param {readonly string[]} patterns */
const list = (patterns) => globSync([...patterns], { cwd: RESOURCES }).sort();

/** @param {string} file */
const linesOf = (file) => readFileSync(join(RESOURCES, file), "utf8").split("\n");

/** @returns {string[]} */
const findLongLines = () =>
  list(SHORT).flatMap((file) =>
    linesOf(file).flatMap((line, at) =>
      widthOf(line) > MOST_COLUMNS ? [`resources/${file}:${at + 1}: more than ${MOST_COLUMNS} columns`] : [],
    ),
  );

/**
 * What shellcheck says of the files of one script. Programs of awk are constants in it, as they are when it is joined.
 *
 * @param {readonly string[]} files
 * @returns {string[]}
 */
function checkScript(files) {
  const constants = list(["**/*.awk"]).map((file) => `${basename(file, ".awk").replaceAll("-", "_")}_awk`);
  const lines = [...constants, ...SET_ELSEWHERE].map((name) => `${name}=''`);
  const places = lines.map(() => "");
  for (const file of files)
    for (const [at, line] of linesOf(file).entries()) {
      places.push(`resources/${file}:${at + 1}`);
      lines.push(line);
    }
  const args = ["--shell=sh", "--format=json1", `--exclude=${Object.keys(LEFT_OUT).join(",")}`, "-"];
  const input = lines.join("\n");
  const { stdout, error } = spawnSync("shellcheck", args, {
    input,
    encoding: "utf8",
    maxBuffer: 100_000_000,
  });
  if (error) throw error;
  /** @type {{ comments: { line: number; code: number; message: string }[] }} */
  const { comments } = JSON.parse(stdout);
  return comments
    .filter(({ line }) => places[line - 1])
    .map(({ line, code, message }) => `${places[line - 1]}: SC${code}: ${message}`);
}

/** What is said of a file by each script that it is in: what one of them does not use another one may. */
function checkScripts() {
  const checked = SCRIPTS.map((patterns) => {
    // What begins the collector comes last, as when it is joined.
    const files = list(patterns).sort(
      (a, b) => Number(a.endsWith("/collect.sh")) - Number(b.endsWith("/collect.sh")),
    );
    return { files, problems: checkScript(files) };
  });
  const problems = new Set(checked.flatMap((script) => script.problems));
  return [...problems].filter((problem) =>
    checked.every(
      (script) =>
        script.problems.includes(problem) ||
        !script.files.some((file) => problem.startsWith(`resources/${file}:`)),
    ),
  );
}

/** Whether shellcheck is there; says what to install where it is not. */
function hasShellcheck() {
  if (!spawnSync("shellcheck", ["--version"]).error) return true;
  say("The check of shell scripts needs shellcheck. Install it and start again:\n");
  say(
    "  apt-get install shellcheck        (on Debian or Ubuntu; dnf, apk, brew and winget know it by that name, too)\n",
  );
  return false;
}

const problems = [...findLongLines(), ...(hasShellcheck() ? checkScripts() : ["shellcheck is not there"])];
for (const problem of problems) say(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
