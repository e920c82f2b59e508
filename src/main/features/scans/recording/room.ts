/** Room for so many bytes. One thing more than that may come when there is room at all: none is too large for ever. */
export function createRoom(most: number) {
  let filled = 0;
  let waiting: { bytes: number; enter: () => void }[] = [];

  return {
    /** Resolves when there is room for so many; whoever came first is let in first. */
    make(bytes: number): Promise<void> {
      if (waiting.length === 0 && hasRoom(bytes)) return Promise.resolve();
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push({ bytes, enter: resolve });
      return promise;
    },

    fill(bytes: number): void {
      filled += bytes;
    },

    empty(bytes: number): void {
      filled -= bytes;
      letIn();
    },

    clear(): void {
      filled = 0;
      letIn();
    },
  };

  function hasRoom(bytes: number): boolean {
    return filled === 0 || filled + bytes <= most;
  }

  function letIn(): void {
    let promised = 0;
    while (waiting[0] && hasRoom(promised + waiting[0].bytes)) {
      promised += waiting[0].bytes;
      waiting[0].enter();
      waiting = waiting.slice(1);
      if (promised > most) return;
    }
  }
}
