import { Argument, type Command } from "commander";
import { SHELLS, type Shell, writeCompletion } from "#shells/cli/completion.ts";
import { MORE, type Session } from "#shells/cli/session.ts";

export function addCompletion(program: Command, { world }: Session): void {
  program
    .command("completion")
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .helpGroup(MORE)
    .description("print a script by which bash, zsh or fish completes command lines")
    .addHelpText("after", HELP)
    .action((shell: Shell) => world.out(writeCompletion(program, shell)));
}

const HELP = `
Examples:
  latchkey completion bash > ~/.local/share/bash-completion/completions/latchkey
  latchkey completion zsh > ~/.zfunc/_latchkey      a folder of your fpath
  latchkey completion fish > ~/.config/fish/completions/latchkey.fish`;
