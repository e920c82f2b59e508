import type { Search } from "./queries.ts";

/** What each list of the screen is given: what is asked for, and how to ask for something else. */
export type ListProps = {
  search: Search;
  onChange: (patch: Partial<Search>, replace?: boolean) => void;
  onClear: () => void;
};
