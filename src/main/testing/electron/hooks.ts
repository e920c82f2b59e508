/** Loaded before the built program: from here on, "electron" is the stand-in. */
import { registerHooks } from "node:module";

registerHooks({
  resolve: (specifier, context, next) =>
    specifier === "electron"
      ? { url: new URL("./stand-in.ts", import.meta.url).href, shortCircuit: true }
      : next(specifier, context),
});

// A packaged program is its own executable: its arguments come without the name of a script.
if (process.env.STAND_IN_PACKAGED === "1") process.argv.splice(1, 1);
