import { ACCESS_RULES } from "#domain/runs/access/rules.ts";
import { isFirstAt } from "#domain/runs/file-steps.ts";
import { nextMove, resumeStep } from "#domain/runs/machine.ts";
import type { FileSeen, Move, Observation, Progress, Step, Task, Wait } from "#domain/runs/step.ts";
import type { AccessPlan } from "#shared/model/runs/plan.ts";
import type { StepState } from "#shared/model/runs/run.ts";
import { Failed, Killed, type Place, type SimulatedHosts } from "./simulated-hosts.ts";

const TIMES: ReadonlySet<Wait> = new Set(["grace", "undo"]);

/**
 * A run on hosts that are values, with everything that may happen to one: it is killed at any point, hosts are cut off,
 * writes and verifications fail, rollback timers fire, somebody edits a file. After each event the simulation checks
 * whether each private key location can still log in.
 */
export class SimulatedRun {
  readonly #plan: AccessPlan;
  readonly #hosts: SimulatedHosts;
  readonly #over: ReadonlySet<Wait>;
  readonly #states = new Map<number, StepState>();
  readonly #steps: readonly Step[];
  #seen = new Map<number | null, Observation>();
  /** It is written before anything is rolled back, so that no resume goes on from half-way. */
  #isGoingBack = false;

  /** `over`: the times that are over. */
  constructor(plan: AccessPlan, hosts: SimulatedHosts, over: ReadonlySet<Wait> = TIMES) {
    this.#plan = plan;
    this.#over = over;
    this.#hosts = hosts;
    this.#steps = ACCESS_RULES.steps(plan);
  }

  /** Until it ends or is killed; null if it was killed. */
  go(want: Progress["want"]): Extract<Move, { kind: "end" }> | null {
    this.#seen = new Map();
    this.#isGoingBack ||= want === "back";
    for (const step of this.#steps) {
      this.#states.set(step.ordinal, resumeStep(ACCESS_RULES, step, this.#state(step.ordinal)));
    }
    try {
      for (let moves = 0; moves < 1_000; moves++) {
        const move = nextMove(ACCESS_RULES, this.#plan, this.#progress(this.#isGoingBack ? "back" : want));
        if (move.kind === "end") return move;
        if (move.kind === "wait" && move.until === "undo")
          return { kind: "end", state: "committed", reason: null };
        this.#carryOut(move);
      }
      this.#hosts.wrong.push("it never ends");
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
    return null;
  }

  #progress(want: Progress["want"]): Progress {
    const steps = this.#steps.map(({ ordinal }) => ({
      ordinal,
      state: this.#state(ordinal),
      isAwaiting: false,
    }));
    return { want, steps, seen: this.#seen, over: this.#over };
  }

  #carryOut(move: Exclude<Move, { kind: "end" }>): void {
    if (move.kind === "wait") throw new Error("nothing here is to be waited for");
    if (move.kind === "inspect") {
      for (const place of move.hostIndexes) this.#seen.set(place, this.#hosts.look(place));
      return;
    }
    for (const task of move.tasks) {
      this.#do(task);
      this.#seen.delete(task.step.host);
    }
  }

  #do(task: Task): void {
    const { step } = task;
    if (task.what === "settle") this.#journal(step, task.as);
    else if (task.what === "undo") this.#undo(step, task.as);
    else this.#try(step, task.what);
  }

  #try(step: Step, what: "act" | "verify"): void {
    try {
      if (what === "act") {
        this.#journal(step, "intended");
        this.#act(step);
        this.#journal(step, "acted");
      } else {
        this.#verify(step);
        this.#journal(step, "verified");
      }
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      if (step.phase === "finish") this.#journal(step, "failed");
      else this.#undo(step, "failed");
    }
  }

  #act(step: Step): void {
    const place = this.#hosts.place(step.host);
    if (step.phase === "create-key") this.#hosts.isKeyMade = true;
    if (step.phase === "grant" || step.phase === "revoke") this.#write(step, place);
    if (step.phase === "install-key") {
      place.privateKeyLocations.forEach((_, index) => {
        this.#hosts.mayFail();
        if (place.privateKeyLocations[index] === "old") place.privateKeyLocations[index] = "begun";
        this.#hosts.tick();
        place.privateKeyLocations[index] = "new";
        this.#hosts.tick();
      });
    }
    const isUndoable = this.#plan.options.undoHours > 0;
    if (step.phase === "finish" && isUndoable) {
      this.#hosts.mayFail();
      place.isKept = false;
    } else if (step.phase === "keep" || step.phase === "finish") {
      this.#hosts.mayFail();
      place.privateKeyLocations.forEach((_, index) => {
        place.privateKeyLocations[index] = "committed";
        place.isKept = step.phase === "keep";
        this.#hosts.tick();
      });
      this.#hosts.clear(place);
    }
    this.#hosts.tick();
  }

  #write(step: Step, place: Place): void {
    const stage = step.phase === "revoke" ? "removed" : "added";
    place.hasWork = true;
    this.#hosts.tick();
    place.files.forEach((_, index) => {
      if (!this.#concerns(step, index)) return;
      const found = place.files[index] as FileSeen;
      const before = this.#hosts.earliest(step.host, index, stage === "removed" ? "added" : "before");
      const wanted = this.#hosts.earliest(step.host, index, stage);
      if (found !== before && found !== wanted) throw new Failed("changed");
      if (stage === "removed") this.#askRemoval(step.host, index, found);
      if (found === wanted) return;
      place.armed.set(index, found);
      this.#hosts.tick();
      if (place.files[index] !== found) throw new Failed("changed");
      place.files[index] = wanted;
      this.#hosts.tick();
      this.#hosts.mayFail();
    });
  }

  /** The old key is removed only where the new one was verified, and nowhere before it was verified everywhere. */
  #askRemoval(host: number | null, index: number, found: FileSeen): void {
    const isReplaced = this.#plan.hosts[host ?? -1]?.files[index]?.added !== null;
    const isProved = this.#steps.every(
      ({ phase, ordinal }) =>
        (phase !== "grant" && phase !== "install-key") || this.#state(ordinal) === "verified",
    );
    if (!isProved) this.#hosts.wrong.push("removed before all was verified");
    if (isReplaced && (!this.#hosts.isKeyMade || found === "before"))
      this.#hosts.wrong.push("removed before the new key was there");
  }

  #verify(step: Step): void {
    const place = this.#hosts.place(step.host);
    this.#hosts.tick();
    this.#hosts.mayFail();
    for (const index of [...place.armed.keys()]) {
      this.#hosts.tick();
      place.armed.delete(index);
    }
    if (step.phase !== "grant" && step.phase !== "revoke") return;
    const stage = step.phase === "revoke" ? "removed" : "added";
    const isThere = place.files.every(
      (file, index) => !this.#concerns(step, index) || file === this.#hosts.earliest(step.host, index, stage),
    );
    if (!isThere) throw new Failed("it went back by itself");
  }

  #undo(step: Step, as: "failed" | "rolled-back"): void {
    const place = this.#hosts.place(step.host);
    this.#hosts.tick();
    if (this.#hosts.happens(15)) {
      this.#journal(step, "needs-attention");
      return;
    }
    if (step.phase === "create-key") this.#hosts.isKeyMade = false;
    if (step.phase === "keep") this.#putBackKept(place);
    if (step.phase === "install-key") place.privateKeyLocations.fill("old");
    if (step.phase === "grant" || step.phase === "revoke") {
      place.files.forEach((file, index) => {
        if (!this.#concerns(step, index)) return;
        place.armed.delete(index);
        if (file !== "other") {
          place.files[index] = this.#hosts.earliest(
            step.host,
            index,
            step.phase === "revoke" ? "added" : "before",
          );
        }
        this.#hosts.tick();
      });
    }
    if (isFirstAt(this.#steps, step)) this.#hosts.clear(place);
    this.#journal(step, as);
  }

  #putBackKept(place: Place): void {
    place.privateKeyLocations.forEach((privateKey, index) => {
      if (privateKey !== "committed") return;
      if (!place.isKept) this.#hosts.wrong.push("the old private key is not kept any more");
      place.privateKeyLocations[index] = "new";
      this.#hosts.tick();
    });
    place.isKept = false;
  }

  #journal({ ordinal }: Step, state: StepState): void {
    this.#states.set(ordinal, state);
    this.#hosts.tick();
  }

  #state(ordinal: number): StepState {
    return this.#states.get(ordinal) ?? "planned";
  }

  #concerns({ host, phase }: Step, index: number): boolean {
    return this.#plan.hosts[host ?? -1]?.files[index]?.[phase === "revoke" ? "removed" : "added"] !== null;
  }
}
