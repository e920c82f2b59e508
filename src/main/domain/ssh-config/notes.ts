import { formatNumber } from "#shared/text/count.ts";

const PLACES_SAID = 3;

export type Notes = ReturnType<typeof createNotes>;

/** Sentences with the places that they hold for: one sentence each, however often it holds. */
export function createNotes() {
  const notes = new Map<string, Set<string>>();
  return {
    add(sentence: string, place: string): void {
      const places = notes.get(sentence) ?? new Set();
      notes.set(sentence, places.add(place));
    },
    list: (): string[] =>
      Array.from(notes, ([sentence, places]) => {
        const said = [...places].slice(0, PLACES_SAID).join(", ");
        const more = places.size > PLACES_SAID ? ` and ${formatNumber(places.size - PLACES_SAID)} more` : "";
        return `${sentence} (${said}${more})`;
      }),
  };
}
