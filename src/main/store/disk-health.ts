/**
 * Whether the disk below a database has failed: one word of memory that every connection of this process shares, be it
 * in another thread. What the system still holds of a write that failed cannot be told, so none of them writes again.
 */
export type DiskHealth = { memory: SharedArrayBuffer; hasFailed(): boolean; fail(): void };

/** With the memory of another thread's, it is the same one. */
export function diskHealth(
  memory: SharedArrayBuffer = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT),
): DiskHealth {
  const word = new Int32Array(memory);
  return {
    memory,
    hasFailed: () => Atomics.load(word, 0) !== 0,
    fail: () => {
      Atomics.store(word, 0, 1);
    },
  };
}
