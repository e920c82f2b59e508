import { type Plugin, parseAst } from "vite";

const BEYOND_ASCII = /[\u0080-\uffff]/g;

/** A backslash that is not one of a pair. */
const ESCAPED = /(?<!\\)(?:\\\\)*\\[\u0080-\uffff]/;

/**
 * One character beyond ASCII makes Node keep the whole file at two bytes each, for as long as the program runs, in each
 * thread. Where an escape would not mean the character nothing is built.
 */
export function oneByte(): Plugin {
  return {
    name: "one-byte",
    // Whatever prints the program once more has come before.
    generateBundle: {
      order: "post",
      handler(_, files) {
        for (const file of Object.values(files)) {
          if (file.type !== "chunk") continue;
          if (ESCAPED.test(file.code) || hasRaw(parseAst(file.code)))
            this.error(
              `${file.fileName}: a character beyond ASCII is in String.raw or behind a backslash; write it as an escape`,
            );
          file.code = file.code.replace(BEYOND_ASCII, toEscape);
        }
      },
    },
  };
}

/** Whether a template that is taken as it is written has a character beyond ASCII. */
function hasRaw(node: object): boolean {
  if ("type" in node && node.type === "TaggedTemplateExpression" && "quasi" in node) {
    const { quasis } = node.quasi as { quasis: { value: { raw: string } }[] };
    if (quasis.some(({ value }) => value.raw.search(BEYOND_ASCII) >= 0)) return true;
  }
  return Object.values(node).some((child) => typeof child === "object" && child !== null && hasRaw(child));
}

const toEscape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`;
