import type { ReviewedPeople } from "#domain/reviews/who-decides.ts";
import type { Store } from "#store/store.ts";

/**
 * Who has a key, and whom a name means, as people sources have it now. Each is looked up once: open it anew for each call.
 */
export function openReviewPeople({ reviews }: Store): ReviewedPeople {
  return { named: remember(reviews.people.named), ofKey: remember(reviews.people.ofKey) };
}

function remember<Found>(find: (word: string) => Found): (word: string) => Found {
  const known = new Map<string, Found>();
  return (word) => {
    const found = known.get(word) ?? find(word);
    known.set(word, found);
    return found;
  };
}
