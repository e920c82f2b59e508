import { os, type } from "@orpc/server";

/** An app with one call, to test a shell without the program behind it: it counts the calls. */
export function createTinyApp() {
  let count = 0;
  const ask = os.input(type<string>()).handler(({ input }) => {
    count++;
    return input.toUpperCase();
  });
  return { router: { ask }, countCalls: () => count };
}
