/**
 * Scripts by which a shell completes command lines of ours. They are made once of all commands, and call nothing when
 * they run: a completion must not open a database, nor wait.
 */

import type { Command, Option } from "commander";

/** A command by its words, with what may stand after them. */
type CommandContext = {
  /** `runs show`; empty for the program itself. */
  words: string;
  /** Commands and options, each with what it does in a line. */
  next: { word: string; about: string }[];
  /** The options that take a value, and the values where they are a choice. */
  values: { word: string; choices: readonly string[] }[];
};

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

export function writeCompletion(program: Command, shell: Shell): string {
  const contexts = listContexts(program, [], listOptions(program));
  switch (shell) {
    case "bash":
      return writeBash(contexts);
    case "zsh":
      return writeZsh(contexts);
    case "fish":
      return writeFish(contexts);
  }
}

const listOptions = (command: Command): Option[] => command.options.filter(({ hidden }) => !hidden);

function listContexts(
  command: Command,
  words: readonly string[],
  global: readonly Option[],
): CommandContext[] {
  const inner = command.commands.filter((one) => one.name() !== "help");
  const options =
    words.length === 0
      ? global
      : [...listOptions(command), ...global.filter(({ long }) => long !== "--version")];
  const context: CommandContext = {
    words: words.join(" "),
    next: [
      ...inner.map((one) => ({ word: one.name(), about: one.description() })),
      ...(command.registeredArguments[0]?.argChoices ?? []).map((word) => ({ word, about: "" })),
      ...options.map((option) => ({ word: option.long ?? "", about: option.description })),
      { word: "--help", about: "print help" },
    ],
    values: options
      .filter(({ required, optional }) => required || optional)
      .map(({ long, argChoices }) => ({ word: long ?? "", choices: argChoices ?? [] })),
  };
  return [context, ...inner.flatMap((one) => listContexts(one, [...words, one.name()], global))];
}

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The cases of a shell's `case` by which the words typed so far become the words of a command. */
const stepCases = (contexts: readonly CommandContext[]): string =>
  contexts.flatMap(({ words }) => (words === "" ? [] : [quote(words)])).join(" | ");

const valueCases = (
  contexts: readonly CommandContext[],
  write: (choices: readonly string[]) => string,
): string[] =>
  contexts.flatMap(({ words, values }) =>
    values.map(({ word, choices }) => `    ${quote(`${words} ${word}`)}) ${write(choices)} ;;`),
  );

/** Every option that takes a value: the word after it is no command. */
const takesValue = (contexts: readonly CommandContext[]): string[] => [
  ...new Set(contexts.flatMap(({ values }) => values.map(({ word }) => quote(word)))),
];

const writeBash = (
  contexts: readonly CommandContext[],
): string => `# bash completion of latchkey: source <(latchkey completion bash)
_latchkey() {
  local word=\${COMP_WORDS[COMP_CWORD]} before=\${COMP_WORDS[COMP_CWORD-1]} at= i
  for ((i = 1; i < COMP_CWORD; i++)); do
    case \${COMP_WORDS[i]} in
      ${takesValue(contexts).join(" | ")}) i=$((i + 1)); continue ;;
      -*) continue ;;
    esac
    case "\${at:+$at }\${COMP_WORDS[i]}" in
      ${stepCases(contexts)}) at="\${at:+$at }\${COMP_WORDS[i]}" ;;
    esac
  done
  COMPREPLY=()
  case "$at $before" in
${valueCases(contexts, (choices) => `${choices.length > 0 ? `COMPREPLY=($(compgen -W ${quote(choices.join(" "))} -- "$word"))` : ":"}; return`).join("\n")}
  esac
  case $at in
${contexts.map(({ words, next }) => `    ${words === "" ? "''" : quote(words)}) COMPREPLY=($(compgen -W ${quote(next.map(({ word }) => word).join(" "))} -- "$word")) ;;`).join("\n")}
  esac
}
complete -o default -F _latchkey latchkey`;

const writeZsh = (contexts: readonly CommandContext[]): string => `#compdef latchkey
# zsh completion of latchkey: source <(latchkey completion zsh), after compinit
_latchkey() {
  local at= i before=\${words[CURRENT-1]}
  local -a next
  for ((i = 2; i < CURRENT; i++)); do
    case \${words[i]} in
      ${takesValue(contexts).join(" | ")}) i=$((i + 1)); continue ;;
      -*) continue ;;
    esac
    case "\${at:+$at }\${words[i]}" in
      ${stepCases(contexts)}) at="\${at:+$at }\${words[i]}" ;;
    esac
  done
  case "$at $before" in
${valueCases(contexts, (choices) => `${choices.length > 0 ? `compadd -- ${choices.map(quote).join(" ")}` : "_files"}; return`).join("\n")}
  esac
  case $at in
${contexts.map(({ words, next }) => `    ${words === "" ? "''" : quote(words)}) next=(${next.map(({ word, about }) => quote(`${word}:${about.replaceAll(":", "\\:")}`)).join(" ")}) ;;`).join("\n")}
  esac
  _describe latchkey next
  [[ \${words[CURRENT]} == -* ]] || _files
}
# Loaded by its name from a folder of fpath, it is called at once.
if [[ \${funcstack[1]} == _latchkey ]]; then _latchkey "$@"; else compdef _latchkey latchkey; fi`;

const writeFish = (contexts: readonly CommandContext[]): string => {
  const lines = contexts.flatMap(({ words, next, values }) =>
    next.map(({ word, about }) => {
      const takes = values.find((one) => one.word === word);
      const name = word.startsWith("--") ? `-l ${word.slice(2)}` : `-a ${quote(word)}`;
      const value = takes
        ? ` -r${takes.choices.length > 0 ? ` -f -a ${quote(takes.choices.join(" "))}` : ""}`
        : "";
      return `complete -c latchkey -n ${quote(`__latchkey_at ${quote(words)}`)} ${name}${value} -d ${quote(about)}`;
    }),
  );
  return `# fish completion of latchkey: latchkey completion fish | source
function __latchkey_at
  set -l at
  set -l skips 0
  for word in (commandline -opc)[2..]
    if test $skips = 1
      set skips 0
      continue
    end
    switch $word
      case ${takesValue(contexts).join(" ")}
        set skips 1
        continue
      case '-*'
        continue
    end
    switch "$at $word"
      case ${contexts.flatMap(({ words }) => (words === "" ? [] : [quote(` ${words}`), quote(words)])).join(" ")}
        set at (string trim "$at $word")
    end
  end
  test "$at" = "$argv[1]"
end
${lines.join("\n")}`;
};
