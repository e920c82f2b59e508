import { createContext, use } from "react";

/** Makes the link to the row that is open; null where an address of it would lead nowhere. */
export const LinkContext = createContext<() => string | null>(() => null);

export const useLinkToHere = () => use(LinkContext);
