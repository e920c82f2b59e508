/** What is evaluated costs more than it may: nothing is said of it but that. */
export class WorkBudgetSpent extends Error {
  override name = "TooMuchToJudge";
}

type Budget = {
  /**
   * Steps that the work may take. A step is one entry of what a host sent that is looked at once, beside one other: some
   * hundred nanoseconds.
   */
  steps: number;
  /** Whether it has taken too long, however few steps; null: that is not asked. */
  isLate: (() => boolean) | null;
};

/** The clock is asked after so many steps. */
const CHECK_EVERY = 20_000;

type Running = Budget & { left: number; unasked: number };

let running: Running | null = null;

/**
 * Does work that costs no more than the budget: then it ends by `TooMuchToJudge`. Whoever works for a host says by `spend`
 * what it costs, wherever one thing of the host meets another one. The work may not be asynchronous. Budgets within each other
 * each count what is spent.
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

/** Takes steps from the budget of the work that goes on; without one, nothing. */
export function spend(steps = 1): void {
  if (running === null) return;
  running.left -= steps;
  running.unasked += steps;
  if (running.left < 0) throw new WorkBudgetSpent("its steps are used up");
  if (running.unasked < CHECK_EVERY) return;
  running.unasked = 0;
  if (running.isLate?.()) throw new WorkBudgetSpent("its time is over");
}

/** The work within a part of the budget, or what stands for it where that is not enough. */
export function evaluateWithin<T>(steps: number, work: () => T, instead: () => T): T {
  const isLate = running?.isLate ?? null;
  try {
    return withinBudget({ steps, isLate }, work);
  } catch (error) {
    if (!(error instanceof WorkBudgetSpent)) throw error;
    return instead();
  }
}
