/** An evaluation exceeds its budget: its only result is that it was too much. */
export class WorkBudgetSpent extends Error {
  override name = "TooMuchToJudge";
}

type Budget = {
  /**
   * How many steps the work may take. A step is one comparison of an entry that a host sent with another one: some
   * hundred nanoseconds.
   */
  steps: number;
  /** Whether the work has taken too long, however few steps; null: no time limit. */
  isLate: (() => boolean) | null;
};

/** isLate is called after this many steps. */
const CHECK_EVERY = 20_000;

type Running = Budget & { left: number; unasked: number };

let running: Running | null = null;

/**
 * Does work within the budget; beyond it, throws WorkBudgetSpent. The work calls `spend` with its cost wherever it
 * compares one list of a host with another. It must not be asynchronous. What is spent in a nested budget counts for
 * the outer ones, too.
 */
export function withinBudget<T>(budget: Budget, work: () => T): T {
  const outer = running;
  running = { ...budget, left: budget.steps, unasked: 0 };
  const own = running;
  try {
    return work();
  } finally {
    running = outer;
    if (outer) {
      outer.left -= budget.steps - Math.max(own.left, 0);
      outer.unasked += budget.steps - Math.max(own.left, 0);
    }
  }
}

/** Takes steps from the budget of the running work; does nothing without one. */
export function spend(steps = 1): void {
  if (running === null) return;
  running.left -= steps;
  running.unasked += steps;
  if (running.left < 0) throw new WorkBudgetSpent("its steps are used up");
  if (running.unasked < CHECK_EVERY) return;
  running.unasked = 0;
  if (running.isLate?.()) throw new WorkBudgetSpent("its time is over");
}

/** Does the work within a budget of its own, or `instead` where that is exceeded. */
export function evaluateWithin<T>(steps: number, work: () => T, instead: () => T): T {
  const isLate = running?.isLate ?? null;
  try {
    return withinBudget({ steps, isLate }, work);
  } catch (error) {
    if (!(error instanceof WorkBudgetSpent)) throw error;
    return instead();
  }
}
