import type { Plugin } from "vite";

const BEYOND_ASCII = /[\u0080-\uffff]/g;

/**
 * One character beyond ASCII makes Node keep the whole file at two bytes each, for as long as the program runs, in each
 * thread. Nothing that is tagged by `String.raw` has one.
 */
export function oneByte(): Plugin {
  return {
    name: "one-byte",
    // Whatever prints the program once more has come before.
    generateBundle: {
      order: "post",
      handler(_, files) {
        for (const file of Object.values(files))
          if (file.type === "chunk") file.code = file.code.replace(BEYOND_ASCII, toEscape);
      },
    },
  };
}

const toEscape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
