import { sayNumber } from "#shared/text/count.ts";

const PLACES_SAID = 3;

export type Notes = ReturnType<typeof createNotes>;

/** Sentences with the places that they hold for: one sentence each, however often it holds. */
export function createNotes() {
  const places = new Map<string, { said: string[]; count: number }>();
  return {
    add(sentence: string, place: string): void {
      const { said, count } = places.get(sentence) ?? { said: [], count: 0 };
      places.set(sentence, { said: count < PLACES_SAID ? [...said, place] : said, count: count + 1 });
    },
    list: (): string[] =>
      Array.from(places, ([sentence, { said, count }]) => {
        const more = count > said.length ? ` and ${sayNumber(count - said.length)} more` : "";
        return `${sentence} (${said.join(", ")}${more})`;
      }),
  };
}
