import { os, type } from "@orpc/server";

/** An app of one call, to test a way in without what lies behind: it counts how often it was asked. */
export function createTinyApp() {
  let count = 0;
  const ask = os.input(type<string>()).handler(({ input }) => {
    count++;
    return input.toUpperCase();
  });
  return { router: { ask }, countCalls: () => count };
}
