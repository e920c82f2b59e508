import { nextMove, resumeStep } from "#domain/runs/machine.ts";
import { RENEWAL_RULES } from "#domain/runs/renewal/rules.ts";
import type { Move, Observation, Progress, Step, Task, Wait } from "#domain/runs/step.ts";
import type { RenewalPlan } from "#shared/model/runs/plan.ts";
import type { StepState } from "#shared/model/runs/run.ts";
import { Failed, Killed } from "./simulated-hosts.ts";
import type { SimulatedServers } from "./simulated-servers.ts";

type Still = { state: Extract<Move, { kind: "end" }>["state"] | "waiting" };

/** A renewal on hosts that are values, with everything that may happen to one, as `SimulatedRun` is for keys. */
export class SimulatedRenewal {
  readonly #plan: RenewalPlan;
  readonly #servers: SimulatedServers;
  readonly #steps: readonly Step[];
  readonly #states = new Map<number, StepState>();
  readonly #awaiting = new Set<number>();
  #seen = new Map<number | null, Observation>();
  #isGoingBack = false;

  constructor(plan: RenewalPlan, servers: SimulatedServers) {
    this.#plan = plan;
    this.#servers = servers;
    this.#steps = RENEWAL_RULES.steps(plan);
  }

  /** Until it stands still or is killed; null if it was killed. */
  go(want: Progress["want"]): Still | null {
    this.#seen = new Map();
    this.#isGoingBack ||= want === "back";
    for (const step of this.#steps)
      this.#states.set(step.ordinal, resumeStep(RENEWAL_RULES, step, this.#state(step)));
    const over = new Set<Wait>();
    try {
      for (let moves = 0; moves < 1_000; moves++) {
        const move = nextMove(
          RENEWAL_RULES,
          this.#plan,
          this.#progress(this.#isGoingBack ? "back" : want, over),
        );
        if (move.kind === "end") return move;
        if (move.kind === "wait") {
          if (this.#servers.happens(3)) return { state: "waiting" };
          if (move.until === "post-check") over.add(move.until);
          else this.#bring();
        } else this.#carryOut(move);
      }
      this.#servers.wrong.push("it never ends");
    } catch (error) {
      if (!(error instanceof Killed)) throw error;
    }
    return null;
  }

  isCommitted(host: number): boolean {
    return this.#steps.some(
      (step) => step.host === host && step.phase === "finish" && this.#state(step) === "verified",
    );
  }

  #progress(want: Progress["want"], over: ReadonlySet<Wait>): Progress {
    const steps = this.#steps.map((step) => ({
      ordinal: step.ordinal,
      state: this.#state(step),
      isAwaiting: this.#awaiting.has(step.ordinal),
    }));
    return { want, steps, seen: this.#seen, over };
  }

  /** What was awaited arrives. */
  #bring(): void {
    for (const step of this.#steps.filter(({ ordinal }) => this.#awaiting.has(ordinal))) {
      this.#awaiting.delete(step.ordinal);
      this.#journal(step, "verified");
    }
  }

  #carryOut(move: Exclude<Move, { kind: "end" | "wait" }>): void {
    if (move.kind === "inspect") {
      for (const place of move.hostIndexes) this.#seen.set(place, this.#servers.look(place ?? -1));
      return;
    }
    for (const task of move.tasks) {
      this.#do(task);
      this.#seen.delete(task.step.host);
    }
  }

  #do(task: Task): void {
    const { step } = task;
    this.#awaiting.delete(step.ordinal);
    if (task.what === "settle") this.#journal(step, task.as);
    else if (task.what === "undo") this.#undo(step, task.as);
    else this.#try(step, task.what);
  }

  #try(step: Step, what: "act" | "verify"): void {
    try {
      if (what === "act") this.#journal(step, "intended");
      this.#act(step, what);
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      if (step.phase === "install" || step.phase === "request") this.#undo(step, "failed");
      else this.#journal(step, "failed");
    }
  }

  #act(step: Step, what: "act" | "verify"): void {
    const place = this.#servers.place(step.host ?? -1);
    if (this.#servers.happens(25)) throw new Failed();
    if (step.phase === "request") place.hasWork = true;
    if (step.phase === "install" && what === "act") this.#swap(step);
    this.#servers.tick();
    if (step.phase === "issue" && this.#servers.happens(4)) {
      this.#awaiting.add(step.ordinal);
      this.#journal(step, "acted");
      return;
    }
    if (step.phase === "install" || step.phase === "post-check") {
      if (step.phase === "install") place.isArmed = false;
      this.#servers.tick();
      if (place.served !== "new" || place.files.flat().some((file) => file !== "new")) throw new Failed();
    }
    if (step.phase === "finish") {
      const isNew = place.served === "new" && place.files.flat().every((file) => file === "new");
      if (!isNew && !place.isTouched && place.hasWork)
        this.#servers.wrong.push("committed what is not served");
      place.hasWork = false;
    }
    this.#journal(step, "verified");
  }

  #swap(step: Step): void {
    const place = this.#servers.place(step.host ?? -1);
    if (!place.hasWork) this.#servers.wrong.push("put in place what was never made");
    place.isArmed = true;
    place.isBusy = true;
    for (const files of place.files)
      for (const nth of files.keys()) {
        this.#servers.tick();
        if (files[nth] !== "other") files[nth] = "new";
      }
    place.isBusy = false;
    if (place.files.flat().includes("other")) throw new Failed();
    this.#servers.reload(step.host ?? -1);
  }

  #undo(step: Step, as: "failed" | "rolled-back"): void {
    const place = this.#servers.place(step.host ?? -1);
    this.#servers.tick();
    if (this.#servers.happens(15)) {
      this.#journal(step, "needs-attention");
      return;
    }
    if (step.phase === "request") place.hasWork = false;
    else {
      place.isArmed = false;
      for (const files of place.files)
        for (const [nth, file] of files.entries()) {
          if (file === "new") files[nth] = "old";
          this.#servers.tick();
        }
      this.#servers.reload(step.host ?? -1);
    }
    this.#journal(step, as);
  }

  #journal({ ordinal }: Step, state: StepState): void {
    this.#states.set(ordinal, state);
    this.#servers.tick();
  }

  #state({ ordinal }: Step): StepState {
    return this.#states.get(ordinal) ?? "planned";
  }
}
