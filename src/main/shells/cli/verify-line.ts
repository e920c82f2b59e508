import { createBareProgram } from "./bare-program.ts";
import { formatError } from "./say-error.ts";
import { addVerify } from "./verify.ts";
import type { World } from "./world.ts";

/**
 * The command line of `verify` alone. It takes milliseconds where the whole one takes the start of a program, for it
 * loads no database, no client of SSH and no contract: a job may ask it of thousands of files.
 */
export async function runVerifyLine(argv: readonly string[], world: World): Promise<number> {
  let code = 0;
  const finish = (result: number) => {
    code = result;
  };
  try {
    const program = createBareProgram(world)
      .helpOption("-h, --help", "print help")
      .configureHelp({ showGlobalOptions: true });
    addVerify(program, { world, finish });
    await program.parseAsync(argv, { from: "user" });
    return code;
  } catch (error) {
    return formatError(error, world);
  }
}
