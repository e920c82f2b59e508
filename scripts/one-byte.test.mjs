import { build } from "vite";
import { expect, test } from "vitest";
import { oneByte } from "./one-byte.ts";

const raw = "String.raw`";

test("each character beyond ASCII is built as an escape that means the same", async () => {
  const texts = ['"é€😀"', "`${1}ü`", '"\\\\ü"', "/^[é-ü😀]$/u.source"];
  const code = await buildFrom(`export default [${texts}];`);
  expect(code).toMatch(/^[\0-\x7f]*$/);
  const { default: built } = await import(`data:text/javascript,${encodeURIComponent(code)}`);
  expect(built.slice(0, 3)).toEqual(["é€😀", "1ü", "\\ü"]);
  expect(new RegExp(built[3], "u").test("😀")).toBe(true);
});

test.each([`${raw}ü\``, `${raw}\${${raw}a\`}ü\``, "/\\ü/.source"])(
  "%s is not built, for an escape would not mean the same there",
  async (text) => {
    await expect(buildFrom(`export default ${text};`)).rejects.toThrow("beyond ASCII");
  },
);

/** @param {string} source */
async function buildFrom(source) {
  const given = { name: "given", resolveId: (/** @type {string} */ id) => id, load: () => source };
  const built = await build({
    configFile: false,
    logLevel: "silent",
    plugins: [given, oneByte()],
    build: { write: false, minify: false, lib: { entry: "given.js", formats: ["es"] } },
  });
  const [first] = /** @type {import("vite").Rolldown.RolldownOutput[]} */ (built);
  return first?.output[0].code ?? "";
}
