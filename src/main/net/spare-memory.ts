import { setFlagsFromString } from "node:v8";

/**
 * Has V8 collect sooner, in every thread of this process from now on. Left to itself it lets what thousands of visits leave
 * behind lie until there is several times what is in use: half a gigabyte for ten thousand endpoints.
 */
export function spareMemory(): void {
  // Of what was just made no more is kept than at the start; of the rest, a third more than was in use at the last look.
  for (const flag of ["--semi-space-growth-factor=1", "--heap-growing-percent=30"]) setFlagsFromString(flag);
}
