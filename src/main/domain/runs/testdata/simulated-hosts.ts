import { earliest } from "#domain/runs/files/stages.ts";
import type { FileSeen, Observation, PrivateKeySeen, Stage } from "#domain/runs/step.ts";
import { type KeyPlan, privateKeysByHost, privateKeysHere } from "#shared/model/runs/plan.ts";
import type { Dice } from "./make-keys-file.ts";

/** A host, or this computer, as it really is. */
export type Place = {
  files: FileSeen[];
  privateKeyLocations: PrivateKeySeen[];
  hasWork: boolean;
  /** What an undo needs is put aside. */
  isKept: boolean;
  /** By file: the stage to which the host's rollback timer brings it back. */
  armed: Map<number, FileSeen>;
  /** By file: somebody else has changed it. */
  touched: Set<number>;
};

/** The process was killed: what it knew is lost, but not what it had written, nor what is on the hosts. */
export class Killed extends Error {}
export class Failed extends Error {}

/** The hosts of a plan as values, and all that may happen to them between two acts of a run. */
export class SimulatedHosts {
  readonly wrong: string[] = [];
  isKeyMade = false;
  readonly #plan: KeyPlan;
  readonly #dice: Dice;
  readonly #places = new Map<number | null, Place>();
  #isCalm = false;

  constructor(plan: KeyPlan, dice: Dice) {
    this.#plan = plan;
    this.#dice = dice;
    plan.hosts.forEach((host, index) => {
      this.#places.set(index, newPlace(host.files.length, privateKeysByHost(plan)[index]?.length ?? 0));
    });
    this.#places.set(null, newPlace(0, privateKeysHere(plan).length));
  }

  /** From here on nothing goes wrong any more, and nobody has changed a file by hand. */
  calmDown(): void {
    this.#isCalm = true;
    for (const { files, touched } of this.#places.values()) {
      for (const index of touched) if (files[index] === "other") files[index] = "before";
    }
  }

  get isClean(): boolean {
    return [...this.#places.values()].every(
      ({ hasWork, isKept, armed }) => !hasWork && !isKept && armed.size === 0,
    );
  }

  isAt(stage: Stage, halves: readonly PrivateKeySeen[]): boolean {
    return [...this.#places].every(
      ([index, { files, privateKeyLocations, touched }]) =>
        files.every((file, at) => touched.has(at) || file === this.earliest(index, at, stage)) &&
        privateKeyLocations.every((holder) => halves.includes(holder)),
    );
  }

  look(place: number | null): Observation {
    if (place !== null && this.happens(20)) return { kind: "lost", why: "cut off" };
    const { files, privateKeyLocations, hasWork } = this.place(place);
    return { kind: "seen", files: [...files], leftOut: [], privateKeys: [...privateKeyLocations], hasWork };
  }

  /** A rollback timer that finds our lock gone does nothing. */
  clear(place: Place): void {
    place.hasWork = false;
    place.armed.clear();
  }

  /** Whichever private key is installed, it must open every account that the old key opened. */
  #askHolders(): void {
    const privateKeyLocations = [...this.#places.values()].flatMap((place) => place.privateKeyLocations);
    for (const [host, { files, touched }] of this.#places) {
      files.forEach((file, index) => {
        if (touched.has(index) || this.#plan.hosts[host ?? -1]?.files[index]?.added === null) return;
        const opens = (holder: PrivateKeySeen) =>
          holder === "old" || holder === "begun" ? file !== "removed" : this.isKeyMade && file !== "before";
        if (!privateKeyLocations.every(opens))
          this.wrong.push(
            `host ${host}: a holder of ${privateKeyLocations} is shut out of a file that is ${file}`,
          );
      });
    }
  }

  /** Anything may have happened between two acts. */
  tick(): void {
    for (const place of this.#places.values()) {
      for (const [index, prior] of place.armed) {
        if (!this.happens(60)) continue;
        place.files[index] = prior;
        place.armed.delete(index);
      }
      if (place.files.length > 0 && this.happens(400)) {
        const index = this.#dice(place.files.length);
        place.files[index] = "other";
        place.touched.add(index);
        place.armed.delete(index);
      }
    }
    this.#askHolders();
    if (this.happens(12)) throw new Killed();
  }

  mayFail(): void {
    if (this.happens(25)) throw new Failed("failed");
  }

  happens(once: number): boolean {
    return !this.#isCalm && this.#dice(once) === 0;
  }

  place(place: number | null): Place {
    return this.#places.get(place) as Place;
  }

  earliest(host: number | null, index: number, stage: Stage): Stage {
    const file = this.#plan.hosts[host ?? -1]?.files[index];
    return file ? earliest(file, stage) : "before";
  }
}

const newPlace = (files: number, privateKeyLocations: number): Place => ({
  files: Array.from({ length: files }, () => "before"),
  privateKeyLocations: Array.from({ length: privateKeyLocations }, () => "old"),
  hasWork: false,
  isKept: false,
  armed: new Map(),
  touched: new Set(),
});
