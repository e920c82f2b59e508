import type { SharedKey } from "#shared/model/graph.ts";

export const KIND_WORDS: Record<SharedKey["kind"], string> = {
  people: "Key of several people",
  hosts: "Host key of several hosts",
};
